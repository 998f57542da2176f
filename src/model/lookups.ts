/** Values by the names that the protocol gives its fields. */
type Fields = Readonly<Record<string, string>>;

/** What the bridge can tell of people and rooms on its networks. Whoever asks names exactly one: nothing can be listed. */
export interface Lookups {
  protocol(id: string): object | null;
  users(protocol: string, fields: Fields): readonly ThirdPartyUser[];
  userOf(userId: string): readonly ThirdPartyUser[];
  locations(protocol: string, fields: Fields): readonly ThirdPartyLocation[];
  locationOf(alias: string): readonly ThirdPartyLocation[];
}

export interface ThirdPartyUser {
  readonly userid: string;
  readonly protocol: string;
  readonly fields: Fields;
}

export interface ThirdPartyLocation {
  readonly alias: string;
  readonly protocol: string;
  readonly fields: Fields;
}
