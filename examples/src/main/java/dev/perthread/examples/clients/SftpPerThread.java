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

/** SFTP with JSch: at most eight sessions, each with one channel, for any number of threads. */
final class SftpPerThread implements AutoCloseable {
    // docs: start
    private final PerThread<ChannelSftp, JSchException> sftp;

    SftpPerThread(String host, int port, String user, Path key, Path knownHosts) throws JSchException {
        JSch jsch = new JSch();
        jsch.addIdentity(key.toString());
        jsch.setKnownHosts(knownHosts.toString());
        sftp = PerThread.<ChannelSftp, JSchException>builder(() -> open(jsch, host, port, user), SftpPerThread::close)
                .name("sftp")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .check(SftpPerThread::isAlive)
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(channel -> channel.cd(channel.getHome()))
                .idleTimeout(Duration.ofMinutes(1))
                .build();
    }

    private static ChannelSftp open(JSch jsch, String host, int port, String user) throws JSchException {
        Session session = jsch.getSession(user, host, port);
        try {
            session.connect(5_000);
            session.setTimeout(10_000);
            ChannelSftp channel = (ChannelSftp) session.openChannel("sftp");
            if (channel == null) {
                throw new JSchException("the session has just ended");
            }
            channel.connect(5_000);
            return channel;
        } catch (JSchException | RuntimeException failure) {
            session.disconnect();
            throw failure;
        }
    }

    /** A round trip. Not by realpath, the one command of JSch that may fail after the thread before has ended. */
    static boolean isAlive(ChannelSftp channel) throws SftpException {
        return channel.isConnected() && channel.stat(".") != null;
    }

    /** The session has a thread and a socket of its own; closing the channel alone would leave both. */
    private static void close(ChannelSftp channel) throws JSchException {
        channel.getSession().disconnect();
    }

    void store(String name, byte[] content) throws JSchException, SftpException {
        sftp.<SftpException>run(channel -> channel.put(new ByteArrayInputStream(content), name));
    }
    // docs: end

    PerThread<ChannelSftp, JSchException> pool() {
        return sftp;
    }

    @Override
    public void close() {
        sftp.close();
    }

    /** Takes a host, a port, a user, a file with a private key and one with known hosts. */
    public static void main(String[] arguments) throws Exception {
        try (SftpPerThread sftp = new SftpPerThread(
                arguments[0],
                Integer.parseInt(arguments[1]),
                arguments[2],
                Path.of(arguments[3]),
                Path.of(arguments[4]))) {
            System.out.println("in " + sftp.pool().<String, SftpException>call(ChannelSftp::pwd));
        }
    }
}
