package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.sftp.client.SftpClient;
import org.apache.sshd.sftp.client.SftpClientFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MinaSftpPerThreadTest {
    @TempDir
    Path directory;

    private SshServer server;
    private MinaSftpPerThread sftp;
    private @Nullable ClientSession shared; // of the obvious ways

    @BeforeEach
    void start() throws Exception {
        server = SshServer.countingChannels(directory);
        sftp = open();
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            sftp.close();
            server.close();
        }
    }

    private MinaSftpPerThread open() {
        return new MinaSftpPerThread(SshServer.HOST, server.port(), SshServer.USER, server.key(), server.knownHosts());
    }

    /** A channel over one session, which is opened again where it is not open any more. */
    private synchronized SftpClient plain(SshClient ssh) throws IOException {
        if (shared == null || !shared.isOpen()) {
            shared = ssh.connect(SshServer.USER, SshServer.HOST, server.port())
                    .verify(5_000)
                    .getSession();
            shared.auth().verify(5_000);
        }
        return SftpClientFactory.instance().createSftpClient(shared);
    }

    private static void use(SftpClient channel) throws IOException {
        channel.stat(".");
    }

    @Test
    void sftpClient_survivesARestartOfTheServer() throws Exception {
        try (SshClient ssh = SshClient.setUpDefaultClient()) {
            ssh.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
            ssh.setKeyIdentityProvider(new FileKeyPairProvider(server.key()));
            ssh.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
            ssh.start();
            new Comparison<>(
                            "Apache MINA SSHD",
                            server,
                            IOException.class,
                            () -> plain(ssh),
                            SftpClient::close,
                            MinaSftpPerThreadTest::use)
                    .threadLocals(40)
                    .run(() -> new Way() {
                        private final MinaSftpPerThread mine = open();

                        @Override
                        public void use() throws IOException {
                            mine.pool().run(MinaSftpPerThreadTest::use);
                        }

                        @Override
                        public void close() {
                            mine.close();
                            assertThat(mine.sessions().stats().mostOpen()).isEqualTo(1);
                        }
                    });
        }
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(MinaSftpPerThread::main, server.arguments())).startsWith("in /");
    }

    @EachThreadKind
    void filesOfManyThreads_goOverOneConnection_andAreNotMixed(ThreadKind kind) throws Exception {
        kind.inParallel(
                32,
                i -> sftp.store(
                        directory.resolve(kind + "" + i).toString(),
                        ("content " + i).getBytes(StandardCharsets.UTF_8)));
        for (int i = 0; i < 32; i++) {
            assertThat(directory.resolve(kind + "" + i)).hasContent("content " + i);
        }
        assertThat(ServerConnections.open(server.port())).isBetween(0, 1);
        assertThat(sftp.pool().stats().mostOpen()).isBetween(1, 8);
        assertThat(sftp.sessions().stats().opened()).isEqualTo(1);
    }
}
