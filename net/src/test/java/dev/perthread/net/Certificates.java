package dev.perthread.net;

import java.io.IOException;
import java.math.BigInteger;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate, its private key, and those that lead from it to an authority.
 *
 * @param chain this one first, the authority's own left out
 */
record Certificates(PrivateKey key, List<X509Certificate> chain, X509Certificate top) {
    private static final AtomicLong SERIAL = new AtomicLong(System.nanoTime());
    private static final String NAME_PREFIX = "DNS:";
    private static final Duration LONG = Duration.ofDays(30);

    static Certificates authority(String name) {
        KeyPair pair = pair("EC");
        Instant now = Instant.now();
        X509Certificate own =
                sign(name, pair, name, pair.getPrivate(), now.minus(LONG), now.plus(LONG), true, List.of());
        return new Certificates(pair.getPrivate(), List.of(), own);
    }

    /** Issued by this one; for these hosts. */
    Certificates issue(String name, String... hosts) {
        return issue("EC", name, Instant.now().minus(LONG), Instant.now().plus(LONG), false, hosts);
    }

    Certificates issueAuthority(String name) {
        return issue("EC", name, Instant.now().minus(LONG), Instant.now().plus(LONG), true);
    }

    Certificates issue(String algorithm, String name, Instant from, Instant until, boolean authority, String... hosts) {
        KeyPair pair = pair(algorithm);
        String issuer = subject().getSubjectX500Principal().getName().replaceFirst("CN=", "");
        X509Certificate certificate = sign(name, pair, issuer, key, from, until, authority, List.of(hosts));
        List<X509Certificate> longer = new ArrayList<>(List.of(certificate));
        longer.addAll(chain);
        return new Certificates(pair.getPrivate(), longer, top);
    }

    /** Issued by this one, which keeps a list there of those that it has revoked. */
    Certificates issueListed(String name, URI list, String... hosts) {
        KeyPair pair = pair("EC");
        Instant now = Instant.now();
        String issuer = subject().getSubjectX500Principal().getName().replaceFirst("CN=", "");
        X509Certificate certificate =
                sign(name, pair, issuer, key, now.minus(LONG), now.plus(LONG), false, List.of(hosts), list);
        return new Certificates(
                pair.getPrivate(),
                Stream.concat(Stream.of(certificate), chain.stream()).toList(),
                top);
    }

    /** Writes the list, with this one on it. */
    void revoke(Path list, Certificates revoked, Instant since) {
        try {
            Instant now = Instant.now();
            X509v2CRLBuilder builder = new X509v2CRLBuilder(
                    new X500Name(subject().getSubjectX500Principal().getName()), Date.from(now.minusSeconds(60)));
            builder.setNextUpdate(Date.from(now.plus(LONG)));
            builder.addCRLEntry(revoked.subject().getSerialNumber(), Date.from(since), CRLReason.keyCompromise);
            builder.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.ONE));
            byte[] encoded = builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key))
                    .getEncoded();
            Files.writeString(list, pem("X509 CRL", encoded));
        } catch (IOException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    static Certificates selfSigned(String name, String... hosts) {
        KeyPair pair = pair("EC");
        Instant now = Instant.now();
        X509Certificate own =
                sign(name, pair, name, pair.getPrivate(), now.minus(LONG), now.plus(LONG), false, List.of(hosts));
        return new Certificates(pair.getPrivate(), List.of(own), own);
    }

    /** As a server sends it that leaves everything out but its own. */
    Certificates withoutIntermediates() {
        return new Certificates(key, chain.subList(0, 1), top);
    }

    /** As a server sends it that sends the authority's too. */
    Certificates withRoot() {
        return new Certificates(
                key, Stream.concat(chain.stream(), Stream.of(top)).toList(), top);
    }

    X509Certificate subject() {
        return chain.isEmpty() ? top : chain.get(0);
    }

    private static KeyPair pair(String algorithm) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
            if (!algorithm.startsWith("Ed")) {
                generator.initialize(algorithm.equals("RSA") ? 2048 : 256);
            }
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Certificate sign(
            String name,
            KeyPair pair,
            String issuer,
            PrivateKey issuerKey,
            Instant from,
            Instant until,
            boolean authority,
            List<String> hosts,
            URI... revocations) {
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    new X500Name("CN=" + issuer),
                    BigInteger.valueOf(SERIAL.incrementAndGet()),
                    Date.from(from),
                    Date.from(until),
                    new X500Name("CN=" + name),
                    pair.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            if (!hosts.isEmpty()) {
                GeneralName[] names =
                        hosts.stream().map(Certificates::alternative).toArray(GeneralName[]::new);
                builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
            }
            for (URI list : revocations) {
                GeneralName there = new GeneralName(GeneralName.uniformResourceIdentifier, list.toString());
                builder.addExtension(Extension.cRLDistributionPoints, false, new CRLDistPoint(new DistributionPoint[] {
                    new DistributionPoint(new DistributionPointName(new GeneralNames(there)), null, null)
                }));
            }
            String algorithm = switch (issuerKey.getAlgorithm()) {
                case "EC" -> "SHA256withECDSA";
                case "RSA" -> "SHA256withRSA";
                default -> issuerKey.getAlgorithm();
            };
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(issuerKey)));
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As a name or an address, whatever it looks like if it begins with DNS. */
    private static GeneralName alternative(String host) {
        if (host.startsWith(NAME_PREFIX)) {
            return new GeneralName(GeneralName.dNSName, host.substring(NAME_PREFIX.length()));
        }
        return new GeneralName(Host.of(host).isAddress() ? GeneralName.iPAddress : GeneralName.dNSName, host);
    }

    /** What a server shows; it asks its clients for a certificate of {@code clients} if there is such an authority. */
    SSLContext server(Certificates clients) {
        try {
            KeyStore own = KeyStore.getInstance("PKCS12");
            own.load(null, null);
            own.setKeyEntry("own", key, new char[0], new X509Certificate[] {chain.get(0)});
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(own, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            TrustManagerFactory trust = null;
            if (clients != null) {
                KeyStore trusted = KeyStore.getInstance("PKCS12");
                trusted.load(null, null);
                trusted.setCertificateEntry("clients", clients.top);
                trust = TrustManagerFactory.getInstance("PKIX");
                trust.init(trusted);
            }
            KeyManager all = new AllOfChain((X509ExtendedKeyManager) keys.getKeyManagers()[0], chain);
            context.init(new KeyManager[] {all}, trust == null ? null : trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Shows all of it, whether or not each has issued the one before it; a key store takes no other chain. */
    private static final class AllOfChain extends X509ExtendedKeyManager {
        private final X509ExtendedKeyManager own;
        private final List<X509Certificate> chain;

        AllOfChain(X509ExtendedKeyManager own, List<X509Certificate> chain) {
            this.own = own;
            this.chain = chain;
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.toArray(X509Certificate[]::new);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return own.getPrivateKey(alias);
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return own.chooseServerAlias(type, issuers, socket);
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return own.getServerAliases(type, issuers);
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return own.chooseClientAlias(types, issuers, socket);
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return own.getClientAliases(type, issuers);
        }
    }

    /** The whole chain. */
    Path chainFile(Path directory) throws IOException {
        StringBuilder text = new StringBuilder();
        for (X509Certificate one : chain) {
            text.append(pem("CERTIFICATE", encoded(one)));
        }
        return Files.writeString(Files.createTempFile(directory, "chain", ".pem"), text);
    }

    /** The authority. */
    Path topFile(Path directory) throws IOException {
        return Files.writeString(
                Files.createTempFile(directory, "ca", ".pem"), "some words\n" + pem("CERTIFICATE", encoded(top)));
    }

    Path keyFile(Path directory) throws IOException {
        return Files.writeString(Files.createTempFile(directory, "key", ".pem"), pem("PRIVATE KEY", key.getEncoded()));
    }

    static String pem(String label, byte[] bytes) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes) + "\n-----END " + label
                + "-----\n";
    }

    private static byte[] encoded(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
