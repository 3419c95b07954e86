import { LOCAL_ZONE, type Zone } from "../core/decision.ts";
import { type AllowedAddresses, LocalAddresses } from "./addresses.ts";
import { ConnectProbe } from "./connect-probe.ts";
import { NETWORK, type Transport } from "./transport.ts";

/** How a provider's server is called; one for all its calls. */
export type Connection = {
  /**
   * Ignores proxy variables of the environment, since a proxy would carry local traffic off the machine, and reuses no
   * connection: a new one costs little on loopback.
   */
  readonly direct: boolean;
  readonly transport: Transport;
  /** Null where its name is taken at its word. */
  readonly local: LocalAddresses | null;
  /** Null where a proxy stands in between, which connects for us. */
  readonly probe: ConnectProbe | null;
};

type ServerOptions = {
  readonly zone: Zone;
  readonly baseUrl: string;
  /** Of a provider of the local zone; left out, local addresses alone. */
  readonly allowedAddresses?: AllowedAddresses;
  /** Whether calls that are not direct go through a proxy, by the environment's word. */
  readonly viaProxy?: boolean;
  readonly transport?: Transport;
};

/** `direct`: without a proxy and without connections that are kept. Throws for a `baseUrl` that is no URL. */
export function connectionTo(server: ServerOptions, direct: boolean): Connection {
  const { zone, baseUrl, allowedAddresses = [], viaProxy = false, transport = NETWORK } = server;
  const { hostname, port: written, protocol } = new URL(baseUrl);
  const port = written === "" ? (protocol === "https:" ? 443 : 80) : Number(written);
  const mayBeAnywhere = zone !== LOCAL_ZONE || allowedAddresses === "any";
  const local = mayBeAnywhere ? null : new LocalAddresses(hostname, port, allowedAddresses, transport);
  const probe = viaProxy && !direct ? null : new ConnectProbe(hostname, port, local, transport);
  return { direct, transport, local, probe };
}
