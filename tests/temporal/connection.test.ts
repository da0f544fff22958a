/** Temporal's own environment reaches the connections: TLS, API key, address, namespace. And what is wrong with it is said. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import { connect, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { OmniForgeError } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startWorker, temporal, type TemporalOptions } from "../../packages/temporal/src/index.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, type TestWorld } from "./world.ts";

describe.skipIf(skipped !== "")(`the connection to Temporal${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let folder: string;
  let world: TestWorld;
  const listening: (Server | Http2SecureServer)[] = [];

  beforeAll(async () => {
    server = await startServer();
    folder = mkdtempSync(join(tmpdir(), "omniforge-tls-"));
    const made =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
    const usable = [
      "-addext",
      "subjectAltName=DNS:localhost",
      "-addext",
      "basicConstraints=critical,CA:FALSE",
    ];
    const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "certificate.pem")];
    execFileSync("openssl", [...made.split(" "), ...usable, ...files], { stdio: "ignore" });
    world = createWorld({ script: () => ({ text: "done" }) });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const one of listening.splice(0)) one.close();
  });
  afterAll(async () => {
    await world.remove();
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  });

  const file = (name: string): string => join(folder, name);
  const secret = () => ({ key: readFileSync(file("key.pem")), cert: readFileSync(file("certificate.pem")) });

  async function listens(one: Server | Http2SecureServer): Promise<string> {
    listening.push(one);
    await new Promise<void>((resolve) => one.listen(0, "localhost", resolve));
    return `localhost:${(one.address() as AddressInfo).port}`;
  }

  /** The server behind TLS. */
  function behindTls(): Promise<string> {
    const relay = createServer({ ...secret(), ALPNProtocols: ["h2"] }, (socket) => {
      const [host = "", port = ""] = server.address.split(":");
      const upstream = connect(Number(port), host);
      socket.pipe(upstream).pipe(socket);
      socket.on("error", () => upstream.destroy());
      upstream.on("error", () => socket.destroy());
    });
    return listens(relay.on("tlsClientError", () => undefined));
  }

  /** Environment and profile are all that says where the server is. */
  function environment(values: Readonly<Record<string, string>>): void {
    vi.stubEnv("TEMPORAL_NAMESPACE", server.namespace);
    for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
  }

  const failure = async (options: TemporalOptions = {}): Promise<string> => {
    const opening = temporal({ connectTimeoutMs: 500, ...options })(world, { work: true });
    const thrown: unknown = await opening.then(
      (backend) => backend.close(),
      (error: unknown) => error,
    );
    expect(OmniForgeError.is(thrown, "ENGINE_UNREACHABLE")).toBe(true);
    return String(thrown);
  };

  test.each(["environment", "profile"])("goes through TLS as the %s says, the worker's too", async (by) => {
    const address = await behindTls();
    const trusted = file("certificate.pem");
    if (by === "environment")
      environment({
        TEMPORAL_ADDRESS: address,
        TEMPORAL_TLS: "true",
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: trusted,
      });
    else {
      const profile = `[profile.mine]\naddress = "${address}"\n[profile.mine.tls]\nserver_ca_cert_path = "${trusted}"\n`;
      writeFileSync(file("temporal.toml"), profile);
      environment({ TEMPORAL_CONFIG_FILE: file("temporal.toml"), TEMPORAL_PROFILE: "mine" });
    }
    const backend = await temporal({ taskQueue: `tls-${by}` })(world, { work: true });
    const task = await world.create(testAgent());
    await backend.start(task);
    expect(await world.ended(task)).toMatchObject({ state: "completed" });
    await backend.close();
  });

  test("tells a certificate that is not trusted from TLS where none is spoken, and none where it is", async () => {
    const address = await behindTls();
    environment({ TEMPORAL_ADDRESS: address, TEMPORAL_TLS: "true" });
    expect(await failure()).toMatch(/the TLS connection is refused \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    environment({ TEMPORAL_TLS: "false" });
    expect(await failure()).toContain("what listens there wants TLS");
    environment({ TEMPORAL_TLS: "true", TEMPORAL_ADDRESS: server.address });
    expect(await failure()).toContain("what listens there speaks no TLS");
  });

  test("says that no CA certificates are here, at once, however long it may wait; a CA that is named suffices", async () => {
    environment({ TEMPORAL_ADDRESS: await behindTls(), TEMPORAL_TLS: "true" });
    vi.stubEnv("SSL_CERT_FILE", file("none.pem"));
    vi.stubEnv("SSL_CERT_DIR", join(folder, "none"));
    const place = { taskQueue: "certificates", connectTimeoutMs: Number.POSITIVE_INFINITY };
    // Only the worker's native parts need them: a client's connection trusts what Node brings along.
    const refused: unknown = await startWorker(world, place).catch((thrown: unknown) => thrown);
    expect(OmniForgeError.is(refused, "ENGINE_UNREACHABLE")).toBe(true);
    expect(String(refused)).toContain("there are no CA certificates here");
    expect(String(refused)).toContain("ca-certificates");
    environment({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: file("certificate.pem") });
    await (await startWorker(world, place)).close();
  });

  test("brings the API key along; one that is refused is said at once, however long it may wait", async () => {
    const keys = new Set<unknown>();
    const refusing = createSecureServer({ ...secret() });
    refusing.on("stream", (stream, { authorization }) => {
      keys.add(authorization);
      const refused = { "grpc-status": "16", "grpc-message": "Request unauthorized." };
      stream.respond({ ":status": 200, "content-type": "application/grpc", ...refused }, { endStream: true });
    });
    environment({
      TEMPORAL_ADDRESS: await listens(refusing),
      TEMPORAL_API_KEY: "key-of-mine",
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: file("certificate.pem"),
    });
    const said = await failure({ connectTimeoutMs: Number.POSITIVE_INFINITY });
    expect(said).toContain("refuses the credentials");
    expect(said).not.toContain("key-of-mine");
    expect(keys).toEqual(new Set(["Bearer key-of-mine"]));
  });
});
