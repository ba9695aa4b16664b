package dev.perthread.examples.clients;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import jakarta.jms.Connection;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import java.time.Duration;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;

/** A message broker with JMS: at most eight sessions, all over one connection, for any number of threads. */
final class JmsPerThread implements AutoCloseable {
    // docs: start
    private final PerThread<Connection, JMSException> connections;
    private final PerThread<Session, JMSException> sessions; // rests on the other one

    JmsPerThread(ConnectionFactory factory) {
        connections = PerThread.<Connection, JMSException>builder(() -> connect(factory))
                .name("jms-connection")
                .whenIdle(IdlePolicy.LEND) // without idleTimeout and maxAge, which know nothing of the sessions
                .limit(1)
                .check(JmsPerThread::answers)
                .invalidateWhen(refused -> false) // a refused session is no reason to end the others
                .build();
        sessions = PerThread.<Session, JMSException>builder(this::openSession)
                .name("jms-session")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .check(JmsPerThread::rollBack)
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(Session::rollback)
                .idleTimeout(Duration.ofMinutes(1))
                .build();
    }

    private static Connection connect(ConnectionFactory factory) throws JMSException {
        Connection connection = factory.createConnection();
        try {
            connection.start(); // otherwise nothing is received
            return connection;
        } catch (JMSException | RuntimeException failure) {
            connection.close();
            throw failure;
        }
    }

    /** Asked only when a further session is opened. */
    private static boolean answers(Connection connection) throws JMSException {
        connection.createSession().close();
        return true;
    }

    /** Leases the connection only for as long as this takes; the session uses it also afterwards. */
    private Session openSession() throws JMSException {
        return connections.call(connection -> connection.createSession(Session.SESSION_TRANSACTED));
    }

    /** A round trip, which changes nothing between two leases. */
    private static boolean rollBack(Session session) throws JMSException {
        session.rollback();
        return true;
    }

    /** All or none. If this throws before the commit, the session is closed, and the broker forgets what was sent. */
    void send(String queue, String... texts) throws JMSException {
        sessions.run(session -> {
            try (MessageProducer producer = session.createProducer(session.createQueue(queue))) {
                for (String text : texts) {
                    producer.send(session.createTextMessage(text));
                }
            }
            session.commit();
        });
    }

    @Override
    public void close() {
        sessions.close();
        connections.close();
    }
    // docs: end

    PerThread<Session, JMSException> pool() {
        return sessions;
    }

    PerThread<Connection, JMSException> connections() {
        return connections;
    }

    /** Takes the URL of an Artemis broker, the name of a queue, and messages. */
    public static void main(String[] arguments) throws JMSException {
        try (ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(arguments[0]);
                JmsPerThread broker = new JmsPerThread(factory)) {
            for (int i = 2; i < arguments.length; i++) {
                broker.send(arguments[1], arguments[i]);
            }
            System.out.println("sent");
        }
    }
}
