package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.FreePort;
import dev.perthread.testkit.ThreadKind;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LdapTenantsPerThreadTest {
    private static final String HOST = "127.0.0.1";
    private static final List<String> TENANTS = List.of("acme", "globex", "initech");

    /** A directory in this process that has all tenants, and knows from its own log who is connected as which. */
    private static final class Server implements TrialServer {
        private static final Pattern EVENT = Pattern.compile(
                "(BIND REQUEST|DISCONNECT) conn=(\\d+)(?:.*dn=\"cn=service,o=(\\w+)\")?", Pattern.CASE_INSENSITIVE);

        private final int port = FreePort.next();
        private final Map<String, String> tenants = new ConcurrentHashMap<>(); // by connection
        private final InMemoryDirectoryServer directory;

        Server() throws Exception {
            InMemoryDirectoryServerConfig config = new InMemoryDirectoryServerConfig(
                    TENANTS.stream().map(tenant -> "o=" + tenant).toArray(String[]::new));
            config.setSchema(null);
            config.setListenerConfigs(
                    InMemoryListenerConfig.createLDAPConfig("ldap", InetAddress.getLoopbackAddress(), port, null));
            config.setAccessLogHandler(new Handler() {
                @Override
                public void publish(LogRecord line) {
                    read(line.getMessage());
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            });
            directory = new InMemoryDirectoryServer(config);
            for (String tenant : TENANTS) {
                directory.add("dn: o=" + tenant, "objectClass: organization", "o: " + tenant);
                add(tenant, "service", "description: none", "userPassword: of " + tenant);
                add(tenant, "printer", "description: printer of " + tenant);
            }
            directory.startListening();
        }

        private void add(String tenant, String name, String... attributes) throws Exception {
            List<String> lines =
                    new ArrayList<>(List.of("dn: cn=" + name + ",o=" + tenant, "objectClass: device", "cn: " + name));
            lines.addAll(List.of(attributes));
            directory.add(lines.toArray(String[]::new));
        }

        private void read(String line) {
            Matcher event = EVENT.matcher(line);
            if (!event.find()) {
                return;
            }
            if (event.group(3) != null) {
                tenants.put(event.group(2), event.group(3));
            } else {
                tenants.remove(event.group(2));
            }
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public Set<String> clients() {
            return Set.copyOf(tenants.keySet());
        }

        /** The part of it that one tenant sees. */
        TrialServer of(String tenant) {
            Server all = this;
            return new TrialServer() {
                @Override
                public int port() {
                    return port;
                }

                @Override
                public Set<String> clients() {
                    return all.tenants.entrySet().stream()
                            .filter(entry -> entry.getValue().equals(tenant))
                            .map(Map.Entry::getKey)
                            .collect(Collectors.toSet());
                }

                @Override
                public void kill() {
                    all.kill();
                }

                @Override
                public void start() throws LDAPException {
                    all.start();
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void kill() {
            directory.shutDown(true);
            tenants.clear();
        }

        @Override
        public void start() throws LDAPException {
            directory.startListening();
        }

        @Override
        public void close() {
            directory.shutDown(true);
        }
    }

    private final Map<String, String> passwords = new ConcurrentHashMap<>();
    private Server server;
    private LdapTenantsPerThread ours;

    @BeforeEach
    void start() throws Exception {
        server = new Server();
        TENANTS.forEach(tenant -> passwords.put(tenant, "of " + tenant));
        ours = open();
    }

    @AfterEach
    void stop() {
        ours.close();
        server.close();
    }

    private LdapTenantsPerThread open() {
        return new LdapTenantsPerThread(HOST, server.port(), passwords::get);
    }

    /** The server counts at most four connections of each tenant, and eight of all. */
    @EachThreadKind
    void connectionsOfAllTenants_surviveARestartOfTheServer_withinBothLimits(ThreadKind kind) throws Exception {
        int threads = kind == ThreadKind.PLATFORM ? 24 : 1000;
        AtomicInteger uses = new AtomicInteger();
        LdapTenantsPerThread mine = open();
        Way way = new Way() {
            @Override
            public void use() throws LDAPException {
                String tenant = TENANTS.get(uses.getAndIncrement() % TENANTS.size());
                assertThat(mine.descriptionOf(tenant, "printer")).isEqualTo("printer of " + tenant);
            }

            @Override
            public void close() {
                mine.close();
            }
        };
        RestartTrial.Outcome outcome;
        List<Integer> mostOfEach = new ArrayList<>();
        try (ServerConnections acme = new ServerConnections(server.of("acme"));
                ServerConnections globex = new ServerConnections(server.of("globex"));
                ServerConnections initech = new ServerConnections(server.of("initech"))) {
            outcome = RestartTrial.run(kind, threads, server, way);
            mostOfEach.addAll(List.of(acme.most(), globex.most(), initech.most()));
        }
        Comparison.write(String.format(
                "| UnboundID LDAP, by tenant | KeyedPerThread | Java %d, %d %s threads | %d, of each %s | %d of %d | %d | %d |%n",
                Runtime.version().feature(),
                threads,
                kind,
                outcome.mostConnections(),
                mostOfEach,
                outcome.before().size(),
                outcome.uses(),
                outcome.meanwhile().size(),
                outcome.after().size()));
        assertThat(outcome.failures()).allSatisfy(failure -> assertThat(failure).isInstanceOf(LDAPException.class));
        assertThat(outcome.before()).isEmpty();
        assertThat(outcome.after()).isEmpty();
        assertThat(outcome.mostConnections()).isBetween(1, 8);
        assertThat(mostOfEach).allSatisfy(most -> assertThat(most).isLessThanOrEqualTo(4));
        ServerConnections.awaitNone(server.port());
        assertThat(mine.pool().keys()).isEmpty();
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(LdapTenantsPerThread::main, HOST, "" + server.port(), "acme", "of acme", "printer"))
                .isEqualTo("printer of acme\n");
    }

    /** All eight are open, idle, and of two tenants; the third has to wait for none of their timeouts. */
    @EachThreadKind
    void idleConnectionOfAnotherTenant_makesRoom(ThreadKind kind) throws Exception {
        for (String tenant : List.of("acme", "globex")) {
            inFour(tenant, 4);
            assertThat(server.of(tenant).clients()).hasSize(4);
        }
        assertThat(ours.pool().stats().idle()).isEqualTo(8);
        assertThat(kind.<String>call(() -> ours.descriptionOf("initech", "printer")))
                .isEqualTo("printer of initech");
        assertThat(ours.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.MADE_ROOM);
        assertThat(ours.pool().stats().mostOpen()).isEqualTo(8);
    }

    /** Nested in as many threads as there are to be connections. */
    private void inFour(String tenant, int depth) throws Exception {
        if (depth > 0) {
            ours.pool()
                    .run(
                            tenant,
                            (LDAPConnection connection) ->
                                    ThreadKind.PLATFORM.inParallel(1, i -> inFour(tenant, depth - 1)));
        }
    }

    @EachThreadKind
    void passwordOfATenantThatChanged_replacesItsConnections_andNoneOfOthers(ThreadKind kind) throws Exception {
        for (String tenant : TENANTS) {
            ours.descriptionOf(tenant, "printer");
        }
        server.directory.modify(
                "dn: cn=service,o=acme", "changetype: modify", "replace: userPassword", "userPassword: another");
        passwords.put("acme", "another");
        ours.passwordChanged("acme");
        for (String tenant : TENANTS) {
            assertThat(kind.<String>call(() -> ours.descriptionOf(tenant, "printer")))
                    .isEqualTo("printer of " + tenant);
        }
        assertThat(ours.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.REFRESHED);
        assertThat(ours.pool().stats().opened()).isEqualTo(4);
    }

    @Test
    void tenantThatTheServerRefuses_leavesNothing() {
        passwords.put("acme", "wrong");
        assertThatThrownBy(() -> ours.descriptionOf("acme", "printer"))
                .isInstanceOfSatisfying(
                        LDAPException.class,
                        refused -> assertThat(refused.getResultCode()).isEqualTo(ResultCode.INVALID_CREDENTIALS));
        assertThat(ours.pool().keys()).isEmpty();
        ServerConnections.awaitNone(server.port());
    }

    @Test
    void nameWithAComma_isAName() throws Exception {
        assertThat(ours.descriptionOf("globex", "printer,o=acme")).isEmpty();
    }
}
