package dev.perthread.examples.clients;

import dev.perthread.testkit.FreePort;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.ActiveMQServer;
import org.apache.activemq.artemis.core.server.ActiveMQServers;
import org.apache.activemq.artemis.core.server.ServerSession;

/** A message broker in this process, which keeps its messages in memory. */
final class Broker implements TrialServer {
    private final int port = FreePort.next();
    private volatile ActiveMQServer server = create();

    Broker() throws Exception {
        server.start();
    }

    private ActiveMQServer create() {
        try {
            Configuration configuration = new ConfigurationImpl()
                    .setPersistenceEnabled(false)
                    .setSecurityEnabled(false)
                    .setJMXManagementEnabled(false)
                    .addAcceptorConfiguration("tcp", url() + "&protocols=CORE");
            return ActiveMQServers.newActiveMQServer(configuration, false);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    String url() {
        return "tcp://127.0.0.1:" + port + "?retryInterval=50";
    }

    @Override
    public int port() {
        return port;
    }

    /** The sessions, less the one that each JMS connection has for itself, its first. */
    @Override
    public Set<String> clients() {
        Set<String> clients = new HashSet<>();
        server.getSessions().stream()
                .collect(Collectors.groupingBy(ServerSession::getConnectionID))
                .values()
                .forEach(sessions -> clients.addAll(names(sessions)));
        return clients;
    }

    private static List<String> names(List<ServerSession> sessions) {
        return sessions.stream()
                .sorted(Comparator.comparingLong(ServerSession::getCreationTime))
                .skip(1)
                .map(ServerSession::getName)
                .toList();
    }

    @Override
    public void kill() throws Exception {
        server.stop();
    }

    @Override
    public void start() throws Exception {
        server = create();
        server.start();
    }

    @Override
    public void close() throws Exception {
        server.stop();
    }
}
