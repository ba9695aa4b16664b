package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.jcraft.jsch.Channel;
import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import dev.perthread.Action;
import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SftpChannelsPerThreadTest {
    @TempDir
    Path directory;

    private SshServer server;
    private SftpChannelsPerThread sftp;
    private @Nullable Session shared; // of the obvious ways

    @BeforeEach
    void start() throws Exception {
        server = SshServer.countingChannels(directory);
        sftp = open();
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            sftp.close();
            if (shared != null) {
                shared.disconnect();
            }
            server.close();
        }
    }

    private SftpChannelsPerThread open() throws JSchException {
        return new SftpChannelsPerThread(
                SshServer.HOST, server.port(), SshServer.USER, server.key(), server.knownHosts());
    }

    /** A channel over one session, which is opened again where it is not connected any more. */
    private synchronized ChannelSftp plain() throws JSchException {
        if (shared == null || !shared.isConnected()) {
            shared = server.session();
        }
        ChannelSftp channel = (ChannelSftp) shared.openChannel("sftp");
        channel.connect(5_000);
        return channel;
    }

    @Test
    void channelSftp_survivesARestartOfTheServer() throws Exception {
        new Comparison<>(
                        "JSch, channels over a session",
                        server,
                        JSchException.class,
                        this::plain,
                        ChannelSftp::disconnect,
                        SftpPerThreadTest::stat)
                .threadLocals(40)
                .run(() -> new Way() {
                    private final SftpChannelsPerThread mine = open();

                    @Override
                    public void use() throws JSchException {
                        mine.pool().run(SftpPerThreadTest::stat);
                    }

                    @Override
                    public void close() {
                        mine.close();
                        assertThat(mine.sessions().stats().mostOpen()).isEqualTo(1);
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(SftpChannelsPerThread::main, server.arguments())).startsWith("in /");
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

    private void inAThread(ThreadKind kind, Action<ChannelSftp, Exception> use) throws Exception {
        kind.inParallel(1, i -> sftp.pool().run(use));
    }

    /** Closed by the pool, the session would take the transfers of all other threads with it. */
    @EachThreadKind
    void channelThatTheServerRefuses_doesNotEndTheOthers(ThreadKind kind) throws Exception {
        inAThread(kind, channel -> {
            List<Channel> others = new ArrayList<>();
            for (int i = 1; i < 10; i++) { // the server's MaxSessions
                Channel other = channel.getSession().openChannel("sftp");
                other.connect(5_000);
                others.add(other);
            }
            assertThatThrownBy(() -> inAThread(kind, ChannelSftp::pwd)).isInstanceOf(JSchException.class);
            others.forEach(Channel::disconnect);
            assertThat(channel.pwd()).startsWith("/");
        });
        inAThread(kind, ChannelSftp::pwd);
        assertThat(sftp.sessions().stats().opened()).isEqualTo(1);
        assertThat(sftp.pool().stats().closed()).isZero();
    }

    @EachThreadKind
    void reconnect_underLoad_replacesTheSessionAndItsChannels_andNoUseFails(ThreadKind kind) throws Exception {
        kind.inParallel(16, i -> {
            for (int n = 0; n < 10; n++) {
                if (i == 0 && n == 5) {
                    sftp.reconnect();
                } else {
                    sftp.pool().run(ChannelSftp::pwd);
                }
            }
        });
        assertThat(sftp.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.SUSPENDED);
        assertThat(sftp.sessions().stats().closedByReason()).containsOnlyKeys(CloseReason.REFRESHED);
    }
}
