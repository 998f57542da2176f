# syntax=docker/dockerfile:1

# Compiles, with everything that takes.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

# What runs, and nothing else of npm's.
FROM node:24-slim AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages
RUN npm ci --omit=dev

FROM node:24-slim
# ffmpeg converts audio and video to what a network takes, libheif the photographs of phones (HEIC); without them they go as
# documents. Debian's present ones, for their fixes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg libheif-examples \
    && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY packages ./packages
COPY config ./config
COPY --from=modules /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The config, the registration, the database and the data folder live in /data, which belongs to the user that runs it: the
# image's user "node", by number, so that Kubernetes can see that it is not root.
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
WORKDIR /data
VOLUME /data
# Where listen.admin is another port, say so with --env ADMIN_PORT=….
ENV ADMIN_PORT=29332
EXPOSE 29330 29331 29332
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ADMIN_PORT}/live`, { signal: AbortSignal.timeout(4000) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["start"]
