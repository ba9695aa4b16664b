package dev.perthread.net;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.CertificateRevokedException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * A trust manager that says in one sentence why a server's certificate is refused; the Java runtime's own message names
 * no certificate.
 *
 * <p>Decides nothing itself but that an expired certificate is no good; all else is the other trust manager's.
 */
final class DiagnosingTrustManager extends X509ExtendedTrustManager {
    private static final Integer DNS_NAME = 2; // the tags of GeneralName, RFC 5280
    private static final Integer IP_ADDRESS = 7;

    private final X509ExtendedTrustManager real;

    DiagnosingTrustManager(X509ExtendedTrustManager real) {
        this.real = real;
    }

    /** Its message is the sentence. */
    static final class Refused extends CertificateException {
        private static final long serialVersionUID = 1;

        Refused(String message, CertificateException cause) {
            super(message, Messages.withoutForeignText(cause));
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        try {
            real.checkServerTrusted(chain, authType, engine);
            chain[0].checkValidity(); // the runtime takes one that is itself trusted as it is, expired or not
        } catch (CertificateException failure) {
            throw new Refused(why(chain, failure, String.valueOf(engine.getPeerHost())), failure);
        }
    }

    /** The validator's own reason comes first; what it does not say is looked for on the path from the server's own. */
    private String why(X509Certificate[] chain, CertificateException failure, String host) {
        // The runtime has no exception of its own for a name that does not match; the path was valid then.
        String words = Messages.shown(String.valueOf(failure.getMessage()), Messages.LONGEST_SHOWN);
        if (words.startsWith("No subject alternative") || words.startsWith("No name matching")) {
            return otherHost(chain[0], host, words);
        }
        CertPathValidatorException invalid = cause(failure, CertPathValidatorException.class);
        CertificateRevokedException revoked = cause(failure, CertificateRevokedException.class);
        if (revoked != null) {
            return culprit(chain, invalid) + " was revoked on "
                    + revoked.getRevocationDate().toInstant() + " (" + revoked.getRevocationReason() + ")";
        }
        List<X509Certificate> path = path(chain);
        String outdated = outdated(path, chain);
        if (outdated != null) {
            return outdated;
        }
        if (cause(failure, CertPathBuilderException.class) != null
                || (invalid != null && invalid.getReason() == BasicReason.INVALID_SIGNATURE)) {
            return noPath(path);
        }
        if (invalid != null) {
            words = Messages.shown(String.valueOf(invalid.getMessage()), Messages.LONGEST_SHOWN);
            return culprit(chain, invalid) + " is refused: " + words;
        }
        return whose(chain[0], chain) + " is refused: " + words;
    }

    private static @Nullable String outdated(List<X509Certificate> path, X509Certificate[] chain) {
        for (X509Certificate one : path) {
            try {
                one.checkValidity();
            } catch (CertificateExpiredException e) {
                return whose(one, chain) + " expired on " + one.getNotAfter().toInstant();
            } catch (CertificateNotYetValidException e) {
                return whose(one, chain) + " is not valid before "
                        + one.getNotBefore().toInstant();
            }
        }
        return null;
    }

    private static String otherHost(X509Certificate own, String host, String words) {
        List<String> names = names(own);
        if (names.isEmpty()) {
            return "the server's certificate is for no host and not for " + host + " (" + words + ")";
        }
        // An address must be there as an address; some write it as a name, and no client takes that.
        String as = names.contains(host) ? ", which it has as a name, not as an address" : "";
        return "the server's certificate is for " + String.join(", ", names) + " and not for " + host + as;
    }

    /**
     * From the server's own certificate by issuers to the last that was sent. What else was sent is on no path, and says
     * nothing about this certificate.
     */
    private static List<X509Certificate> path(X509Certificate[] chain) {
        List<X509Certificate> path = new ArrayList<>(List.of(chain[0]));
        X509Certificate issuer = chain[0];
        while (issuer != null) {
            X509Certificate last = issuer;
            issuer = Arrays.stream(chain)
                    .filter(one -> !path.contains(one) && isIssuer(one, last))
                    .min(Comparator.comparing(
                            DiagnosingTrustManager::isOutdated)) // of cross-signed ones that which serves
                    .orElse(null);
            if (issuer != null) {
                path.add(issuer);
            }
        }
        return path;
    }

    private static boolean isIssuer(X509Certificate issuer, X509Certificate of) {
        if (!issuer.getSubjectX500Principal().equals(of.getIssuerX500Principal())) {
            return false;
        }
        try {
            of.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException anotherOfThatName) {
            return false;
        }
    }

    private static boolean isOutdated(X509Certificate one) {
        Instant now = Instant.now();
        return now.isAfter(one.getNotAfter().toInstant())
                || now.isBefore(one.getNotBefore().toInstant());
    }

    private String noPath(List<X509Certificate> path) {
        X509Certificate last = path.get(path.size() - 1);
        String issuer = name(last.getIssuerX500Principal());
        boolean selfSigned = last.getIssuerX500Principal().equals(last.getSubjectX500Principal());
        if (selfSigned && path.size() == 1) {
            return "the server's certificate is self-signed (" + issuer + ") and is not itself trusted";
        }
        if (selfSigned) {
            return "the server's certificate was issued by an unknown CA: " + issuer + " is not trusted";
        }
        boolean known = Arrays.stream(real.getAcceptedIssuers())
                .anyMatch(one -> one.getSubjectX500Principal().equals(last.getIssuerX500Principal()));
        if (known) {
            return "the server's certificate was issued by an unknown CA: it calls itself " + issuer
                    + " as a trusted one does, but has another key";
        }
        // From here nobody can tell an intermediate that was left out from an authority that one has never heard of.
        return "the server's certificate chain is incomplete: " + issuer + ", the issuer of "
                + name(last.getSubjectX500Principal())
                + ", was not sent and is not trusted (an intermediate certificate is missing from what the server sends,"
                + " or this is an unknown CA)";
    }

    /** The certificate that the validator stumbled over, if it says so; its index is that in its own path. */
    private static String culprit(X509Certificate[] chain, @Nullable CertPathValidatorException invalid) {
        if (invalid != null && invalid.getCertPath() != null && invalid.getIndex() >= 0) {
            Certificate culprit = invalid.getCertPath().getCertificates().get(invalid.getIndex());
            if (culprit instanceof X509Certificate one) {
                return whose(one, chain);
            }
        }
        return whose(chain[0], chain);
    }

    private static String whose(X509Certificate one, X509Certificate[] chain) {
        String name = name(one.getSubjectX500Principal());
        return one.equals(chain[0])
                ? "the server's certificate (" + name + ")"
                : "the certificate of " + name + ", which the server's was issued by,";
    }

    private static String name(Principal principal) {
        return Messages.shown(principal.getName(), 200);
    }

    /** The DNS names and addresses that a certificate is for. */
    private static List<String> names(X509Certificate certificate) {
        try {
            Collection<List<?>> all = certificate.getSubjectAlternativeNames();
            if (all == null) {
                return List.of();
            }
            return all.stream()
                    .filter(one -> one.get(0).equals(DNS_NAME) || one.get(0).equals(IP_ADDRESS))
                    .limit(10)
                    .map(one -> Messages.shown(String.valueOf(one.get(1)), 100))
                    .collect(Collectors.toList());
        } catch (CertificateParsingException e) {
            return List.of();
        }
    }

    static <T extends Throwable> @Nullable T cause(Throwable failure, Class<T> type) {
        for (Throwable one = failure; one != null; one = one.getCause()) {
            if (type.isInstance(one)) {
                return type.cast(one);
            }
        }
        return null;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        real.checkServerTrusted(chain, authType, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        real.checkServerTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        real.checkClientTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        real.checkClientTrusted(chain, authType, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        real.checkClientTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return real.getAcceptedIssuers();
    }
}
