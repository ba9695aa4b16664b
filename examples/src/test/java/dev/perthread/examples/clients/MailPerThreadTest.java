package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.FreePort;
import dev.perthread.testkit.ThreadKind;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import org.awaitility.Awaitility;
import org.eclipse.angus.mail.smtp.SMTPTransport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MailPerThreadTest {
    private static final String HOST = "127.0.0.1";

    /** An SMTP server in this process. */
    private static final class Server implements TrialServer {
        private final ServerSetup setup = new ServerSetup(FreePort.next(), HOST, ServerSetup.PROTOCOL_SMTP);
        private GreenMail mail = new GreenMail(setup);

        Server() {
            mail.start();
        }

        @Override
        public int port() {
            return setup.getPort();
        }

        @Override
        public void kill() {
            mail.stop();
        }

        @Override
        public void start() {
            mail = new GreenMail(setup);
            mail.start();
        }

        @Override
        public void close() {
            mail.stop();
        }
    }

    private Server server;
    private MailPerThread ours;

    @BeforeEach
    void start() {
        server = new Server();
        ours = new MailPerThread(HOST, server.port());
    }

    @AfterEach
    void stop() {
        ours.close();
        server.close();
    }

    private SMTPTransport plain() throws MessagingException {
        Properties properties = new Properties();
        properties.setProperty("mail.smtp.host", HOST);
        properties.setProperty("mail.smtp.port", "" + server.port());
        SMTPTransport transport =
                (SMTPTransport) Session.getInstance(properties).getTransport("smtp");
        transport.connect();
        return transport;
    }

    private static void use(SMTPTransport transport) throws MessagingException {
        transport.issueCommand("NOOP", 250);
    }

    @Test
    void transport_survivesARestartOfTheServer() throws Exception {
        ours.close();
        new Comparison<>(
                        "Angus Mail",
                        server,
                        MessagingException.class,
                        this::plain,
                        Transport::close,
                        MailPerThreadTest::use)
                .threadLocals(100)
                .run(() -> new Way() {
                    private final MailPerThread mine = new MailPerThread(HOST, server.port());

                    @Override
                    public void use() throws MessagingException {
                        mine.pool().run(MailPerThreadTest::use);
                    }

                    @Override
                    public void close() {
                        mine.close();
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(MailPerThread::main, HOST, "" + server.port(), "a@example.org", "b@example.org"))
                .isEqualTo("sent\n");
        assertThat(server.mail.getReceivedMessages()).hasSize(1);
    }

    @EachThreadKind
    void messagesOfManyThreads_areNotMixed(ThreadKind kind) throws Exception {
        kind.inParallel(32, i -> ours.send("a" + i + "@example.org", "b@example.org", "subject " + i, "text"));
        assertThat(Arrays.stream(server.mail.getReceivedMessages()).map(message -> {
                    try {
                        return message.getFrom()[0] + " " + message.getSubject();
                    } catch (MessagingException e) {
                        throw new AssertionError(e);
                    }
                }))
                .hasSize(32)
                .allMatch(line -> line.matches("a(\\d+)@example.org subject \\1"));
        assertThat(ours.pool().stats().mostOpen()).isBetween(1, 8);
    }

    /** Without RSET, the next message would have the sender and the recipient of this one. */
    @EachThreadKind
    void messageBegunByABody_isReset(ThreadKind kind) throws Exception {
        ours.pool().run(transport -> {
            transport.issueCommand("MAIL FROM:<left@example.org>", 250);
            transport.issueCommand("RCPT TO:<over@example.org>", 250);
        });
        kind.call(() -> {
            ours.send("a@example.org", "b@example.org", "hello", "text");
            return null;
        });
        assertThat(server.mail.getReceivedMessages()).hasSize(1);
        assertThat(server.mail.getReceivedMessagesForDomain("over@example.org")).isEmpty();
        assertThat(ours.pool().stats().opened()).isEqualTo(1);
    }

    /** Used a moment ago, it would not be checked; after a longer pause than {@code checkAfterIdle} it is. */
    @Test
    void connectionThatTheServerClosedWhileIdle_isReplaced_andNoMessageFails() throws Exception {
        ours.send("a@example.org", "b@example.org", "one", "text");
        long used = System.nanoTime();
        server.kill();
        server.start();
        Awaitility.await()
                .until(() -> System.nanoTime() - used > Duration.ofMillis(200).toNanos());
        ours.send("a@example.org", "b@example.org", "two", "text");
        assertThat(server.mail.getReceivedMessages()).hasSize(1);
        assertThat(ours.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.CHECK_FAILED);
    }
}
