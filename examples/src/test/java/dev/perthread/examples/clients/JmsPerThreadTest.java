package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.NothingLeftBehind;
import dev.perthread.testkit.ThreadKind;
import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.Session;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The client keeps its threads for the next connection. */
@Tag(NothingLeftBehind.TOOLS_STAY)
class JmsPerThreadTest {
    private static final String QUEUE = "orders";

    private Broker broker;
    private ActiveMQConnectionFactory factory;
    private JmsPerThread ours;
    private @Nullable Connection shared; // of the obvious ways

    @BeforeEach
    void start() throws Exception {
        broker = new Broker();
        factory = new ActiveMQConnectionFactory(broker.url());
        ours = new JmsPerThread(factory);
    }

    @AfterEach
    void stop() throws Exception {
        ours.close();
        if (shared != null) {
            shared.close();
        }
        factory.close();
        ServerConnections.awaitNone(broker.port());
        broker.close();
    }

    private @Nullable String take(boolean commit) throws JMSException {
        return ours.pool().call(session -> {
            try (MessageConsumer consumer = session.createConsumer(session.createQueue(QUEUE))) {
                Message message = consumer.receiveNoWait();
                if (message != null && commit) {
                    session.commit();
                }
                return message == null ? null : message.getBody(String.class);
            }
        });
    }

    /** A session over one connection, which is opened again where the broker cannot be reached over it any more. */
    private synchronized Session plain() throws JMSException {
        if (shared != null) {
            try {
                return shared.createSession(Session.SESSION_TRANSACTED);
            } catch (JMSException broken) {
                shared.close();
            }
        }
        shared = factory.createConnection();
        return shared.createSession(Session.SESSION_TRANSACTED);
    }

    private static void use(Session session) throws JMSException {
        session.commit();
    }

    @Test
    void session_survivesARestartOfTheBroker() throws Exception {
        new Comparison<>(
                        "JMS (Artemis)", broker, JMSException.class, this::plain, Session::close, JmsPerThreadTest::use)
                .run(() -> new Way() {
                    private final JmsPerThread mine = new JmsPerThread(factory);

                    @Override
                    public void use() throws JMSException {
                        mine.pool().run(JmsPerThreadTest::use);
                    }

                    @Override
                    public void close() {
                        mine.close();
                        assertThat(mine.connections().stats().mostOpen()).isEqualTo(1);
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(JmsPerThread::main, broker.url(), QUEUE, "hello")).isEqualTo("sent\n");
        assertThat(take(true)).isEqualTo("hello");
    }

    @EachThreadKind
    void messagesOfManyThreads_goOverOneConnection_thatIsClosedWithTheSessions(ThreadKind kind) throws Exception {
        kind.inParallel(32, i -> ours.send(QUEUE, "message " + i));
        assertThat(ServerConnections.open(broker.port())).isBetween(0, 1);
        assertThat(broker.clients().size()).isBetween(1, 8);
        Set<String> taken = new HashSet<>();
        for (String message = take(true); message != null; message = take(true)) {
            taken.add(message);
        }
        assertThat(taken)
                .isEqualTo(IntStream.range(0, 32).mapToObj(i -> "message " + i).collect(Collectors.toSet()));
        ours.close();
        assertThat(ours.connections().stats().closedByReason()).containsOnlyKeys(CloseReason.HOLDER_CLOSED);
    }

    /** Without the reset the first would be committed by the next thread, and the second kept from all others. */
    @EachThreadKind
    void whatABodyDidNotCommit_isRolledBackForTheNextThread(ThreadKind kind) throws Exception {
        ours.pool()
                .run(session ->
                        session.createProducer(session.createQueue(QUEUE)).send(session.createTextMessage("never")));
        ours.send(QUEUE, "once");
        assertThat(take(false)).isEqualTo("once");
        assertThat(kind.<@Nullable String>call(() -> take(true))).isEqualTo("once");
        assertThat(take(true)).isNull();
        assertThat(ours.pool().stats().opened()).isEqualTo(1);
    }

    @EachThreadKind
    void sessionOfAFailedBody_isReplaced_andTheConnectionIsNot(ThreadKind kind) throws Exception {
        assertThatThrownBy(() -> ours.pool().run(session -> {
                    session.createProducer(session.createQueue(QUEUE)).send(session.createTextMessage("half"));
                    throw new IllegalStateException("in the middle");
                }))
                .hasMessage("in the middle");
        assertThat(kind.<@Nullable String>call(() -> take(true))).isNull();
        assertThat(ours.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
        assertThat(ours.pool().stats().opened()).isEqualTo(2);
        assertThat(ours.connections().stats().opened()).isEqualTo(1);
    }
}
