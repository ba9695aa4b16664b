package dev.perthread.examples.clients;

import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.RDN;
import com.unboundid.ldap.sdk.SearchResultEntry;
import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import java.time.Duration;
import java.util.function.UnaryOperator;

/** LDAP for many tenants: each connection is bound as its tenant's service; at most four of each, and eight in all. */
final class LdapTenantsPerThread implements AutoCloseable {
    // docs: start
    private final KeyedPerThread<String, LDAPConnection, LDAPException> ldap;

    LdapTenantsPerThread(String host, int port, UnaryOperator<String> passwordOfTenant) {
        LDAPConnectionOptions options = new LDAPConnectionOptions();
        options.setConnectTimeoutMillis(2_000);
        options.setResponseTimeoutMillis(10_000);
        options.setUseSynchronousMode(true);
        ldap = KeyedPerThread.<String, LDAPConnection, LDAPException>builder(tenant -> new LDAPConnection(
                        options, host, port, dn(tenant, "service").toString(), passwordOfTenant.apply(tenant)))
                .name("ldap-tenants")
                .whenIdle(IdlePolicy.LEND)
                .limit(8) // of all tenants
                .limitPerKey(4) // so that no tenant takes them all
                .check(connection -> connection.getRootDSE() != null)
                .checkAfterIdle(Duration.ofMillis(100))
                .idleTimeout(Duration.ofMinutes(1))
                .build();
    }

    /** Not by joining strings: a name with a comma in it would be another entry. */
    private static DN dn(String tenant, String name) {
        return new DN(new RDN("cn", name), new RDN("o", tenant));
    }

    /** As the tenant's service sees it; an empty string if there is no such entry, or it has no description. */
    String descriptionOf(String tenant, String name) throws LDAPException {
        return ldap.call(tenant, connection -> {
            SearchResultEntry entry = connection.getEntry(dn(tenant, name).toString(), "description");
            String description = entry == null ? null : entry.getAttributeValue("description");
            return description == null ? "" : description;
        });
    }

    /** No call fails, and the connections of other tenants stay. */
    void passwordChanged(String tenant) {
        ldap.refresh(tenant);
    }

    @Override
    public void close() {
        ldap.close();
    }
    // docs: end

    KeyedPerThread<String, LDAPConnection, LDAPException> pool() {
        return ldap;
    }

    /** Takes a host, a port, a tenant, the password of its service and a name. */
    public static void main(String[] arguments) throws LDAPException {
        try (LdapTenantsPerThread ldap =
                new LdapTenantsPerThread(arguments[0], Integer.parseInt(arguments[1]), tenant -> arguments[3])) {
            System.out.println(ldap.descriptionOf(arguments[2], arguments[4]));
        }
    }
}
