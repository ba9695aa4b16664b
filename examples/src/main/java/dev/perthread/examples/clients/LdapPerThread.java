package dev.perthread.examples.clients;

import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SimpleBindRequest;
import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.time.Duration;

/** LDAP with the UnboundID SDK: at most eight connections, each bound as the service, for any number of threads. */
final class LdapPerThread implements AutoCloseable {
    // docs: start
    private final PerThread<LDAPConnection, LDAPException> ldap;

    LdapPerThread(String host, int port, String serviceDn, String password) {
        LDAPConnectionOptions options = new LDAPConnectionOptions();
        options.setConnectTimeoutMillis(2_000);
        options.setResponseTimeoutMillis(10_000);
        options.setUseSynchronousMode(true); // one thread at a time uses it, so it needs no reader thread of its own
        ldap = PerThread.<LDAPConnection, LDAPException>builder(
                        () -> new LDAPConnection(options, host, port, serviceDn, password))
                .name("ldap")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .check(connection -> connection.getRootDSE() != null)
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(connection -> reset(connection, serviceDn, password))
                .idleTimeout(Duration.ofMinutes(1)) // below the server's own
                .build();
    }

    /** A body that bound as another user, or tried to, has changed who the connection is. */
    private static void reset(LDAPConnection connection, String serviceDn, String password) throws LDAPException {
        if (!(connection.getLastBindRequest() instanceof SimpleBindRequest last)
                || !last.getBindDN().equals(serviceDn)) {
            connection.bind(serviceDn, password);
        }
    }

    /** Whether the directory takes this password: to ask is to bind. */
    boolean isPassword(String dn, String password) throws LDAPException {
        return ldap.call(connection -> {
            try {
                connection.bind(dn, password);
                return true;
            } catch (LDAPException refused) {
                if (refused.getResultCode() == ResultCode.INVALID_CREDENTIALS) {
                    return false;
                }
                throw refused;
            }
        });
    }
    // docs: end

    PerThread<LDAPConnection, LDAPException> pool() {
        return ldap;
    }

    @Override
    public void close() {
        ldap.close();
    }

    /** Takes a host, a port, the DN and the password of a service, and those of a user. */
    public static void main(String[] arguments) throws LDAPException {
        try (LdapPerThread ldap =
                new LdapPerThread(arguments[0], Integer.parseInt(arguments[1]), arguments[2], arguments[3])) {
            System.out.println(ldap.isPassword(arguments[4], arguments[5]) ? "welcome" : "no");
        }
    }
}
