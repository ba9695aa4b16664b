package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.extensions.WhoAmIExtendedRequest;
import com.unboundid.ldap.sdk.extensions.WhoAmIExtendedResult;
import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.FreePort;
import dev.perthread.testkit.ThreadKind;
import java.net.InetAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LdapPerThreadTest {
    private static final String HOST = "127.0.0.1";
    private static final String SERVICE = "cn=service,o=acme";
    private static final String USER = "cn=user,o=acme";

    /** A directory in this process. */
    private static final class Server implements TrialServer {
        private final int port = FreePort.next();
        private final InMemoryDirectoryServer directory;

        Server() throws Exception {
            InMemoryDirectoryServerConfig config = new InMemoryDirectoryServerConfig("o=acme");
            config.setSchema(null);
            config.setListenerConfigs(
                    InMemoryListenerConfig.createLDAPConfig("ldap", InetAddress.getLoopbackAddress(), port, null));
            directory = new InMemoryDirectoryServer(config);
            directory.add("dn: o=acme", "objectClass: organization", "o: acme");
            add(SERVICE, "service", "s3cret");
            add(USER, "user", "pa55");
            start();
        }

        private void add(String dn, String name, String password) throws Exception {
            directory.add("dn: " + dn, "objectClass: device", "cn: " + name, "userPassword: " + password);
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public void kill() {
            directory.shutDown(true);
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

    private Server server;
    private LdapPerThread ours;

    @BeforeEach
    void start() throws Exception {
        server = new Server();
        ours = open();
    }

    @AfterEach
    void stop() {
        ours.close();
        server.close();
    }

    private LdapPerThread open() {
        return new LdapPerThread(HOST, server.port(), SERVICE, "s3cret");
    }

    private static String whoAmI(LDAPConnection connection) throws LDAPException {
        return ((WhoAmIExtendedResult) connection.processExtendedOperation(new WhoAmIExtendedRequest()))
                .getAuthorizationID();
    }

    private static void use(LDAPConnection connection) throws LDAPException {
        connection.getEntry(USER);
    }

    @Test
    void connection_survivesARestartOfTheServer() throws Exception {
        new Comparison<>(
                        "UnboundID LDAP",
                        server,
                        LDAPException.class,
                        () -> new LDAPConnection(HOST, server.port(), SERVICE, "s3cret"),
                        LDAPConnection::close,
                        LdapPerThreadTest::use)
                .run(() -> new Way() {
                    private final LdapPerThread mine = open();

                    @Override
                    public void use() throws LDAPException {
                        mine.pool().run(LdapPerThreadTest::use);
                    }

                    @Override
                    public void close() {
                        mine.close();
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        String port = "" + server.port();
        assertThat(Printed.by(LdapPerThread::main, HOST, port, SERVICE, "s3cret", USER, "pa55"))
                .isEqualTo("welcome\n");
        assertThat(Printed.by(LdapPerThread::main, HOST, port, SERVICE, "s3cret", USER, "wrong"))
                .isEqualTo("no\n");
    }

    /** Without the reset the next thread would act as the user, or as nobody. */
    @EachThreadKind
    void connectionThatABodyBoundAsAnother_isTheServiceAgain(ThreadKind kind) throws Exception {
        for (String password : new String[] {"pa55", "wrong"}) {
            assertThat(ours.isPassword(USER, password)).isEqualTo(password.equals("pa55"));
            assertThat(kind.<String>call(() -> ours.pool().<String, LDAPException>call(LdapPerThreadTest::whoAmI)))
                    .isEqualTo("dn:" + SERVICE);
        }
        assertThat(ours.pool().stats().opened()).isEqualTo(1);
    }

    @EachThreadKind
    void passwordsOfManyThreads_areNotMixed(ThreadKind kind) throws Exception {
        kind.inParallel(
                32,
                i -> assertThat(ours.isPassword(USER, i % 2 == 0 ? "pa55" : "pa" + i))
                        .isEqualTo(i % 2 == 0));
        assertThat(ours.pool().stats().mostOpen()).isBetween(1, 8);
    }

    @Test
    void serviceThatTheServerRefuses_leavesNothingOpen() {
        try (LdapPerThread refused = new LdapPerThread(HOST, server.port(), SERVICE, "wrong")) {
            assertThatThrownBy(() -> refused.isPassword(USER, "pa55")).isInstanceOf(LDAPException.class);
            assertThat(refused.pool().stats().open()).isZero();
        }
        ServerConnections.awaitNone(server.port());
    }

    @Test
    void connectionOfAFailedBody_isClosed() {
        assertThatThrownBy(() -> ours.pool().run(connection -> connection.delete("o=nowhere")))
                .isInstanceOf(LDAPException.class);
        assertThat(ours.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
    }
}
