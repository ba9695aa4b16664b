package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;
import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SftpPerThreadTest {
    private static final String HOST = "127.0.0.1";
    private static final String USER = System.getProperty("user.name");

    @TempDir
    Path directory;

    private Path key;
    private Path knownHosts;
    private ServerProgram server;
    private SftpPerThread sftp;

    @BeforeEach
    void start() throws Exception {
        String program = ServerProgram.require("sshd", "openssh-server");
        if (USER.equals("root")) {
            Files.createDirectories(Path.of("/run/sshd")); // it insists, and its service would make it
        }
        key = generate("client");
        Path hostKey = generate("host");
        Files.copy(directory.resolve("client.pub"), directory.resolve("authorized"));
        server = ServerProgram.start(directory, port -> {
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
                    program, "-D", "-e", "-f", write("sshd_config", settings).toString());
        });
        String publicKey = Files.readString(directory.resolve("host.pub"));
        knownHosts = write("known_hosts", List.of("[127.0.0.1]:" + server.port() + " " + publicKey.strip()));
        sftp = new SftpPerThread(HOST, server.port(), USER, key, knownHosts);
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
        Process process = new ProcessBuilder(
                        ServerProgram.require("ssh-keygen", "openssh-client"),
                        "-q",
                        "-t",
                        "ecdsa",
                        "-N",
                        "",
                        "-m",
                        "PEM",
                        "-f",
                        file.toString())
                .inheritIO()
                .start();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        return file;
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            sftp.close();
            server.close();
        }
    }

    private ChannelSftp plain() throws JSchException {
        JSch jsch = new JSch();
        jsch.addIdentity(key.toString());
        jsch.setKnownHosts(knownHosts.toString());
        Session session = jsch.getSession(USER, HOST, server.port());
        session.connect(5_000);
        ChannelSftp channel = (ChannelSftp) session.openChannel("sftp");
        channel.connect(5_000);
        return channel;
    }

    /** Whatever JSch says is of one of these two; they have nothing in common but Exception. */
    private static void stat(ChannelSftp channel) throws JSchException {
        try {
            channel.stat(".");
        } catch (SftpException e) {
            throw new JSchException("stat: " + e.getMessage(), e);
        }
    }

    @Test
    void channelSftp_survivesARestartOfTheServer() throws Exception {
        sftp.close();
        new Comparison<>(
                        "JSch",
                        server,
                        JSchException.class,
                        this::plain,
                        channel -> channel.getSession().disconnect(),
                        SftpPerThreadTest::stat)
                .threadLocals(16)
                .run(() -> new Way() {
                    private final SftpPerThread ours = new SftpPerThread(HOST, server.port(), USER, key, knownHosts);

                    @Override
                    public void use() throws JSchException {
                        ours.pool().run(SftpPerThreadTest::stat);
                    }

                    @Override
                    public void close() {
                        ours.close();
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(
                        SftpPerThread::main, HOST, "" + server.port(), USER, key.toString(), knownHosts.toString()))
                .startsWith("in /");
    }

    @EachThreadKind
    void filesOfManyThreads_areNotMixed(ThreadKind kind) throws Exception {
        kind.inParallel(
                32,
                i -> sftp.store(
                        directory.resolve(kind + "" + i).toString(),
                        ("content " + i).getBytes(StandardCharsets.UTF_8)));
        for (int i = 0; i < 32; i++) {
            assertThat(directory.resolve(kind + "" + i)).hasContent("content " + i);
        }
        assertThat(sftp.pool().stats().opened()).isBetween(1L, 8L);
    }

    @EachThreadKind
    void directory_isResetForTheNextThread(ThreadKind kind) throws Exception {
        String home = sftp.pool().<String, SftpException>call(ChannelSftp::pwd);
        sftp.pool().<SftpException>run(channel -> channel.cd(directory.toString()));
        assertThat(kind.<String>call(() -> sftp.pool().<String, SftpException>call(ChannelSftp::pwd)))
                .isEqualTo(home);
        assertThat(sftp.pool().stats().opened()).isEqualTo(1);
    }

    @Test
    void channelOfAFailedTransfer_isClosed_withItsSession() {
        assertThatThrownBy(() -> sftp.store("/nowhere/file", new byte[1])).isInstanceOf(SftpException.class);
        assertThat(sftp.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
        assertThat(ServerConnections.open(server.port())).isZero();
    }
}
