package dev.perthread.net;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS options, for {@link LazyConnection.Builder#tls}. Without any, the certificate authorities of the Java runtime are
 * trusted, the server's certificate must be for the host that is connected to, which is also sent as the server name (SNI)
 * unless it is an address, and TLS 1.3 or 1.2 is spoken. Immutable. Files are read when the {@link LazyConnection} is built.
 */
public final class Tls {
    private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");
    static final int SESSIONS = 16;
    static final int SESSIONS_OF_MANY_HOSTS = 256;
    private static final char[] NO_PASSWORD = new char[0];

    private final @Nullable SSLContext context;
    private final @Nullable Path trust;
    private final @Nullable Path certificates;
    private final @Nullable Path key;
    private final List<String> alpn;
    private final List<String> protocols;
    private final @Nullable String serverName;
    private final boolean verifiesHostName;

    private Tls(
            @Nullable SSLContext context,
            @Nullable Path trust,
            @Nullable Path certificates,
            @Nullable Path key,
            List<String> alpn,
            List<String> protocols,
            @Nullable String serverName,
            boolean verifiesHostName) {
        this.context = context;
        this.trust = trust;
        this.certificates = certificates;
        this.key = key;
        this.alpn = alpn;
        this.protocols = protocols;
        this.serverName = serverName;
        this.verifiesHostName = verifiesHostName;
    }

    /**
     * As said above.
     *
     * @return options to start from
     */
    public static Tls defaults() {
        return new Tls(null, null, null, null, List.of(), PROTOCOLS, null, true);
    }

    /**
     * Trust and identity as this context has them. The host name is still verified.
     *
     * @param context initialized
     * @return options to start from
     */
    public static Tls of(SSLContext context) {
        Objects.requireNonNull(context, "context");
        return new Tls(context, null, null, null, List.of(), PROTOCOLS, null, true);
    }

    /**
     * Trusts these certificates and those that they have signed, and no others.
     *
     * @param pem a file of one or more certificates
     * @return other options
     * @throws IllegalArgumentException if these are options of a context, which has its own trust
     */
    public Tls trust(Path pem) {
        requireNoContext("trust");
        return new Tls(null, pem, certificates, key, alpn, protocols, serverName, verifiesHostName);
    }

    /**
     * Shows this certificate to a server that asks for one (mutual TLS).
     *
     * @param certificates a PEM file: the certificate, then those that lead from it to what the server trusts
     * @param key a PEM file with its private key in PKCS#8, not encrypted; may be the same file
     * @return other options
     * @throws IllegalArgumentException if these are options of a context, which has its own identity
     */
    public Tls identity(Path certificates, Path key) {
        requireNoContext("identity");
        return new Tls(null, trust, certificates, key, alpn, protocols, serverName, verifiesHostName);
    }

    /**
     * Offers these application protocols (ALPN). Which one the server chose tells
     * {@link Connection#unwrap unwrap(SSLEngine.class)}; it may choose none.
     *
     * @param names the best first, such as {@code h2}
     * @return other options
     * @throws IllegalArgumentException if there is none, or one is empty or longer than 255 characters
     */
    public Tls alpn(String... names) {
        List<String> given = List.of(names);
        if (given.isEmpty() || given.stream().anyMatch(name -> name.isEmpty() || name.length() > 255)) {
            throw new IllegalArgumentException(
                    "alpn must be one or more names of 1 to 255 characters, but was " + given);
        }
        return new Tls(context, trust, certificates, key, given, protocols, serverName, verifiesHostName);
    }

    /**
     * Asks for this server, and expects its certificate, instead of the host that is connected to.
     *
     * @param name a host name
     * @return other options
     * @throws IllegalArgumentException if it is no host name
     */
    public Tls serverName(String name) {
        String ascii;
        try {
            ascii = Host.of(name).forTls();
            new SNIHostName(ascii);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("serverName must be a host name, but was \"" + name + "\"", e);
        }
        return new Tls(context, trust, certificates, key, alpn, protocols, ascii, verifiesHostName);
    }

    /**
     * Speaks these versions only.
     *
     * @param versions {@code TLSv1.3}, {@code TLSv1.2}, or both
     * @return other options
     * @throws IllegalArgumentException if there is none, or another one
     */
    public Tls protocols(String... versions) {
        List<String> given = List.of(versions);
        if (given.isEmpty() || !PROTOCOLS.containsAll(given)) {
            throw new IllegalArgumentException("protocols must be TLSv1.3, TLSv1.2 or both, but was " + given);
        }
        return new Tls(context, trust, certificates, key, alpn, given, serverName, verifiesHostName);
    }

    /**
     * Takes the certificate of any host for this one's: an attacker with a certificate that is trusted for any host at
     * all can be in the middle, read everything and change it. For tests; {@link #serverName} is what helps elsewhere.
     *
     * @return other options
     */
    public Tls dangerouslyAcceptAnyHostName() {
        return new Tls(context, trust, certificates, key, alpn, protocols, serverName, false);
    }

    private void requireNoContext(String option) {
        if (context != null) {
            throw new IllegalArgumentException(
                    option + " has no effect with an SSLContext, which has its own; leave one of them out");
        }
    }

    /** What speaks TLS with this host. */
    TlsUpgrade to(Host host, int port, SSLContext ready) {
        String name = serverName != null ? serverName : host.forTls();
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(protocols.toArray(String[]::new));
        if (verifiesHostName) {
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
        }
        if (!Host.of(name).isAddress()) {
            try {
                parameters.setServerNames(List.of(new SNIHostName(name)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "host is \"" + name + "\", which TLS does not take for a name; leave out what is no letter,"
                                + " digit, hyphen or dot, or give the name by serverName",
                        e);
            }
        }
        if (!alpn.isEmpty()) {
            parameters.setApplicationProtocols(alpn.toArray(String[]::new));
        }
        return new TlsUpgrade(host.endpoint(port), () -> engine(ready, parameters, name, port));
    }

    private static SSLEngine engine(SSLContext context, SSLParameters parameters, String name, int port) {
        SSLEngine engine = context.createSSLEngine(name, port);
        engine.setUseClientMode(true);
        engine.setSSLParameters(parameters);
        return engine;
    }

    /** What is trusted and shown, whatever the host; reads the files. */
    SSLContext context(int sessions) {
        if (context != null) {
            return context;
        }
        try {
            SSLContext made = SSLContext.getInstance("TLS");
            made.init(keyManagers(), new TrustManager[] {new DiagnosingTrustManager(trustManager())}, null);
            // A server may send session tickets without end, each as long as it likes; the default is to keep 20480.
            made.getClientSessionContext().setSessionCacheSize(sessions);
            return made;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    private X509ExtendedTrustManager trustManager() throws GeneralSecurityException, IOException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(trust == null ? null : trusting(new Pem(trust).certificates()));
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager extended) {
                return extended;
            }
        }
        throw new GeneralSecurityException("the Java runtime checks no certificates");
    }

    private static KeyStore trusting(List<X509Certificate> certificates) throws GeneralSecurityException, IOException {
        KeyStore store = empty();
        for (X509Certificate one : certificates) {
            store.setCertificateEntry("trusted-" + store.size(), one);
        }
        return store;
    }

    private KeyManager @Nullable [] keyManagers() throws GeneralSecurityException, IOException {
        if (certificates == null || key == null) {
            return null;
        }
        List<X509Certificate> chain = new Pem(certificates).certificates();
        PrivateKey own = new Pem(key).keyOf(chain.get(0));
        KeyStore store = empty();
        store.setKeyEntry("identity", own, NO_PASSWORD, chain.toArray(X509Certificate[]::new));
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, NO_PASSWORD);
        return factory.getKeyManagers();
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }
}
