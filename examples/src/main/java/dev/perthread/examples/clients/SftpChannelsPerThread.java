package dev.perthread.examples.clients;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;
import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;

/** SFTP with JSch: one session for any number of threads, with at most eight channels over it. */
final class SftpChannelsPerThread implements AutoCloseable {
    // docs: start
    private final PerThread<Session, JSchException> sessions; // one, that all channels are over
    private final PerThread<ChannelSftp, JSchException> channels;

    SftpChannelsPerThread(String host, int port, String user, Path key, Path knownHosts) throws JSchException {
        JSch jsch = new JSch();
        jsch.addIdentity(key.toString());
        jsch.setKnownHosts(knownHosts.toString());
        sessions = PerThread.<Session, JSchException>builder(() -> connect(jsch, host, port, user), Session::disconnect)
                .name("ssh-session")
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .check(Session::isConnected) // no round trip: the session's own thread finds out
                .invalidateWhen(refused -> false) // a refused channel is no reason to end the others
                .build();
        channels = PerThread.<ChannelSftp, JSchException>builder(this::openChannel, ChannelSftp::disconnect)
                .name("sftp-channel")
                .whenIdle(IdlePolicy.LEND)
                .limit(8) // below the server's MaxSessions, which is 10
                .check(SftpChannelsPerThread::isAlive)
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(channel -> channel.cd(channel.getHome()))
                .idleTimeout(Duration.ofMinutes(1))
                .build();
    }

    private static Session connect(JSch jsch, String host, int port, String user) throws JSchException {
        Session session = jsch.getSession(user, host, port);
        try {
            session.setServerAliveInterval(5_000); // a server that does not answer is taken for dead
            session.connect(5_000);
            return session;
        } catch (JSchException | RuntimeException failure) {
            session.disconnect();
            throw failure;
        }
    }

    /** Leases the session only for as long as this takes; the channel uses it also afterwards. */
    private ChannelSftp openChannel() throws JSchException {
        return sessions.call(session -> {
            ChannelSftp channel = (ChannelSftp) session.openChannel("sftp");
            if (channel == null) {
                throw new JSchException("the session has just ended");
            }
            try {
                channel.connect(5_000);
                return channel;
            } catch (JSchException | RuntimeException failure) {
                channel.disconnect();
                throw failure;
            }
        });
    }

    /** A round trip. Not by realpath, the one command of JSch that may fail after the thread before has ended. */
    static boolean isAlive(ChannelSftp channel) throws SftpException {
        return channel.isConnected() && channel.stat(".") != null;
    }

    void store(String name, byte[] content) throws JSchException, SftpException {
        channels.<SftpException>run(channel -> channel.put(new ByteArrayInputStream(content), name));
    }

    /** After the key or the server has changed. No call fails: the session ends when no channel is in use. */
    void reconnect() {
        channels.suspend(Duration.ofSeconds(30));
        try {
            sessions.refresh();
        } finally {
            channels.resume();
        }
    }

    @Override
    public void close() {
        channels.close(); // first, or the transfers in progress would fail
        sessions.close();
    }
    // docs: end

    PerThread<ChannelSftp, JSchException> pool() {
        return channels;
    }

    PerThread<Session, JSchException> sessions() {
        return sessions;
    }

    /** Takes a host, a port, a user, a file with a private key and one with known hosts. */
    public static void main(String[] arguments) throws Exception {
        try (SftpChannelsPerThread sftp = new SftpChannelsPerThread(
                arguments[0],
                Integer.parseInt(arguments[1]),
                arguments[2],
                Path.of(arguments[3]),
                Path.of(arguments[4]))) {
            System.out.println("in " + sftp.pool().<String, SftpException>call(ChannelSftp::pwd));
        }
    }
}
