package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SocketFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** openssh-server on loopback, with a key of its own, and one for its client. */
final class SshServer implements TrialServer {
    static final String HOST = "127.0.0.1";
    static final String USER = System.getProperty("user.name");
    private static final String CHANNEL = "@internal-sftp"; // a process each: "sshd: root@internal-sftp"

    private final Path directory;
    private final Path key;
    private final Path knownHosts;
    private final ServerProgram program;
    private final boolean countsChannels;

    private SshServer(Path directory, boolean countsChannels) throws Exception {
        this.directory = directory;
        this.countsChannels = countsChannels;
        String sshd = ServerProgram.require("sshd", "openssh-server");
        if (USER.equals("root")) {
            Files.createDirectories(Path.of("/run/sshd")); // it insists, and its service would make it
        }
        key = generate("client");
        Path hostKey = generate("host");
        Files.copy(directory.resolve("client.pub"), directory.resolve("authorized"));
        program = ServerProgram.start(directory, port -> {
            List<String> settings = List.of(
                    "Port " + port,
                    "ListenAddress 127.0.0.1",
                    "HostKey " + hostKey,
                    "AuthorizedKeysFile " + directory.resolve("authorized"),
                    "PidFile none",
                    "StrictModes no",
                    "UsePAM no",
                    "MaxStartups 200",
                    "PermitRootLogin prohibit-password",
                    "Subsystem sftp internal-sftp");
            return List.of(
                    sshd, "-D", "-e", "-f", write("sshd_config", settings).toString());
        });
        String publicKey = Files.readString(directory.resolve("host.pub"));
        knownHosts = write("known_hosts", List.of("[127.0.0.1]:" + program.port() + " " + publicKey.strip()));
    }

    /** Its clients are its connections. */
    static SshServer countingConnections(Path directory) throws Exception {
        return new SshServer(directory, false);
    }

    /** Its clients are the SFTP channels of all connections. */
    static SshServer countingChannels(Path directory) throws Exception {
        return new SshServer(directory, true);
    }

    private Path write(String name, List<String> lines) {
        try {
            return Files.write(directory.resolve(name), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path generate(String name) throws Exception {
        Path file = directory.resolve(name);
        String program = ServerProgram.require("ssh-keygen", "openssh-client");
        Process process = new ProcessBuilder(program, "-q", "-t", "ecdsa", "-N", "", "-m", "PEM", "-f", file.toString())
                .inheritIO()
                .start();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        return file;
    }

    /** The client's private one. */
    Path key() {
        return key;
    }

    Path knownHosts() {
        return knownHosts;
    }

    /** A session as the obvious ways open it. */
    Session session() throws JSchException {
        return session(null);
    }

    /** The same over sockets of this factory; null for the usual ones. */
    Session session(@Nullable SocketFactory sockets) throws JSchException {
        JSch jsch = new JSch();
        jsch.addIdentity(key.toString());
        jsch.setKnownHosts(knownHosts.toString());
        Session session = jsch.getSession(USER, HOST, port());
        session.setSocketFactory(sockets);
        session.connect(5_000);
        return session;
    }

    /** What a program is started with. */
    String[] arguments() {
        return new String[] {HOST, "" + port(), USER, key.toString(), knownHosts.toString()};
    }

    @Override
    public int port() {
        return program.port();
    }

    @Override
    public Set<String> clients() {
        return countsChannels ? program.descendants(CHANNEL) : TrialServer.super.clients();
    }

    @Override
    public void kill() throws Exception {
        program.kill();
    }

    @Override
    public void start() throws IOException {
        program.start();
    }

    @Override
    public void close() throws InterruptedException {
        program.close();
    }
}
