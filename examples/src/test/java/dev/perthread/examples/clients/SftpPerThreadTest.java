package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;
import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SftpPerThreadTest {
    @TempDir
    Path directory;

    private SshServer server;
    private SftpPerThread sftp;

    @BeforeEach
    void start() throws Exception {
        server = SshServer.countingConnections(directory);
        sftp = open();
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            sftp.close();
            server.close();
        }
    }

    private SftpPerThread open() throws JSchException {
        return new SftpPerThread(SshServer.HOST, server.port(), SshServer.USER, server.key(), server.knownHosts());
    }

    private ChannelSftp plain() throws JSchException {
        ChannelSftp channel = (ChannelSftp) server.session().openChannel("sftp");
        channel.connect(5_000);
        return channel;
    }

    /** Whatever JSch says is of one of these two; they have nothing in common but Exception. */
    static void stat(ChannelSftp channel) throws JSchException {
        try {
            channel.stat(".");
        } catch (SftpException e) {
            throw new JSchException("stat: " + e.getMessage(), e);
        }
    }

    /** JSch closes a channel whose answer comes while it takes a thread for the reader that has ended. */
    @Test
    void check_mustPass_inAnotherThread_thoughTheOneBeforeHasEnded_andTheAnswerIsThereAtOnce() throws Exception {
        AnsweredBeforeItIsRead sockets = new AnsweredBeforeItIsRead();
        Session session = server.session(sockets);
        try {
            ChannelSftp channel = (ChannelSftp) session.openChannel("sftp");
            channel.connect(5_000);
            ThreadKind.PLATFORM.inParallel(1, i -> stat(channel));
            sockets.waits = true;
            assertThat(SftpPerThread.isAlive(channel)).isTrue();
            assertThat(SftpChannelsPerThread.isAlive(channel)).isTrue();
        } finally {
            sockets.waits = false;
            session.disconnect();
        }
    }

    @Test
    void channelSftp_survivesARestartOfTheServer() throws Exception {
        sftp.close();
        new Comparison<>(
                        "JSch, a session each",
                        server,
                        JSchException.class,
                        this::plain,
                        channel -> channel.getSession().disconnect(),
                        SftpPerThreadTest::stat)
                .threadLocals(40)
                .run(() -> new Way() {
                    private final SftpPerThread ours = open();

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
        assertThat(Printed.by(SftpPerThread::main, server.arguments())).startsWith("in /");
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
        assertThat(sftp.pool().stats().mostOpen()).isBetween(1, 8);
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
