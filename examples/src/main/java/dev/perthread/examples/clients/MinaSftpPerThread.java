package dev.perthread.examples.clients;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.keyverifier.KnownHostsServerKeyVerifier;
import org.apache.sshd.client.keyverifier.RejectAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.common.session.SessionHeartbeatController.HeartbeatType;
import org.apache.sshd.sftp.client.SftpClient;
import org.apache.sshd.sftp.client.SftpClientFactory;

/** SFTP with Apache MINA SSHD: one session for any number of threads, with at most eight channels over it. */
final class MinaSftpPerThread implements AutoCloseable {
    // docs: start
    private final SshClient ssh = SshClient.setUpDefaultClient(); // has the threads of all sessions
    private final PerThread<ClientSession, IOException> sessions; // one, that all channels are over
    private final PerThread<SftpClient, IOException> channels;

    MinaSftpPerThread(String host, int port, String user, Path key, Path knownHosts) {
        ssh.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY); // nothing of ~/.ssh/config
        ssh.setKeyIdentityProvider(new FileKeyPairProvider(key));
        ssh.setServerKeyVerifier(new KnownHostsServerKeyVerifier(RejectAllServerKeyVerifier.INSTANCE, knownHosts));
        ssh.start();
        sessions = PerThread.<ClientSession, IOException>builder(() -> connect(host, port, user))
                .name("mina-session")
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .check(ClientSession::isOpen) // no round trip: the client's own threads find out
                .invalidateWhen(refused -> false) // a refused channel is no reason to end the others
                .build();
        channels = PerThread.<SftpClient, IOException>builder(this::openChannel)
                .name("mina-channel")
                .whenIdle(IdlePolicy.LEND)
                .limit(8) // below the server's MaxSessions, which is 10
                .check(channel -> channel.isOpen() && channel.canonicalPath(".") != null)
                .checkAfterIdle(Duration.ofMillis(100))
                .idleTimeout(Duration.ofMinutes(1))
                .build();
    }

    private ClientSession connect(String host, int port, String user) throws IOException {
        Duration timeout = Duration.ofSeconds(5);
        ClientSession session = ssh.connect(user, host, port).verify(timeout).getSession();
        try {
            session.setSessionHeartbeat(HeartbeatType.IGNORE, timeout);
            session.auth().verify(timeout);
            return session;
        } catch (IOException | RuntimeException failure) {
            session.close(true);
            throw failure;
        }
    }

    /** Leases the session only for as long as this takes; the channel uses it also afterwards. */
    private SftpClient openChannel() throws IOException {
        return sessions.call(SftpClientFactory.instance()::createSftpClient);
    }

    void store(String name, byte[] content) throws IOException {
        channels.run(channel -> {
            try (OutputStream file = channel.write(name)) {
                file.write(content);
            }
        });
    }

    @Override
    public void close() {
        channels.close(); // first, or the transfers in progress would fail
        sessions.close();
        ssh.stop();
    }
    // docs: end

    PerThread<SftpClient, IOException> pool() {
        return channels;
    }

    PerThread<ClientSession, IOException> sessions() {
        return sessions;
    }

    /** Takes a host, a port, a user, a file with a private key and one with known hosts. */
    public static void main(String[] arguments) throws Exception {
        try (MinaSftpPerThread sftp = new MinaSftpPerThread(
                arguments[0],
                Integer.parseInt(arguments[1]),
                arguments[2],
                Path.of(arguments[3]),
                Path.of(arguments[4]))) {
            System.out.println("in " + sftp.pool().<String, IOException>call(channel -> channel.canonicalPath(".")));
        }
    }
}
