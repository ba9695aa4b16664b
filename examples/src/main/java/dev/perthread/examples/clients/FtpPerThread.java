package dev.perthread.examples.clients;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPClient;
import org.apache.commons.net.ftp.FTPReply;

/** FTP with commons-net: at most eight logged-in clients for any number of threads. */
final class FtpPerThread implements AutoCloseable {
    // docs: start
    private final PerThread<FTPClient, IOException> ftp;

    FtpPerThread(String host, int port, String user, String password, String home) {
        ftp = PerThread.<FTPClient, IOException>builder(
                        () -> open(host, port, user, password, home), FTPClient::disconnect)
                .name("ftp")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .check(FtpPerThread::isInStep)
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(client -> reset(client, home))
                .idleTimeout(Duration.ofMinutes(1))
                .build();
    }

    private static FTPClient open(String host, int port, String user, String password, String home) throws IOException {
        FTPClient client = new FTPClient();
        try {
            client.setConnectTimeout(2_000);
            client.setDefaultTimeout(5_000);
            client.connect(host, port);
            client.setSoTimeout(10_000);
            client.setDataTimeout(Duration.ofSeconds(10)); // that of transfers is not the same
            if (!client.login(user, password)) {
                throw new IOException("login refused: " + client.getReplyString());
            }
            client.enterLocalPassiveMode();
            reset(client, home);
            return client;
        } catch (IOException | RuntimeException failure) {
            client.disconnect();
            throw failure;
        }
    }

    /** After a transfer without completePendingCommand, the first reply is that of the transfer, which is not 200. */
    private static boolean isInStep(FTPClient client) throws IOException {
        return client.noop() == FTPReply.COMMAND_OK;
    }

    /** The next thread starts in the same directory, and with binary files. */
    private static void reset(FTPClient client, String home) throws IOException {
        if (!isInStep(client) || !client.changeWorkingDirectory(home) || !client.setFileType(FTP.BINARY_FILE_TYPE)) {
            throw new IOException("not reset: " + client.getReplyString());
        }
    }

    void store(String name, byte[] content) throws IOException {
        ftp.run(client -> {
            if (!client.storeFile(name, new ByteArrayInputStream(content))) {
                throw new IOException("not stored: " + client.getReplyString());
            }
        });
    }
    // docs: end

    PerThread<FTPClient, IOException> pool() {
        return ftp;
    }

    @Override
    public void close() {
        ftp.close();
    }

    /** Takes a host, a port, a user and a password. */
    public static void main(String[] arguments) throws IOException {
        try (FtpPerThread ftp =
                new FtpPerThread(arguments[0], Integer.parseInt(arguments[1]), arguments[2], arguments[3], "/")) {
            System.out.println("in " + ftp.pool().call(FTPClient::printWorkingDirectory));
        }
    }
}
