package dev.perthread.net;

import java.net.Socket;
import java.security.Principal;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.CertificateRevokedException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
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
    private final X509ExtendedTrustManager real;
    private final String host;

    DiagnosingTrustManager(X509ExtendedTrustManager real, String host) {
        this.real = real;
        this.host = host;
    }

    /** Its message is the sentence. */
    static final class Refused extends CertificateException {
        private static final long serialVersionUID = 1;

        Refused(String message, CertificateException cause) {
            super(message, cause);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        try {
            real.checkServerTrusted(chain, authType, engine);
            chain[0].checkValidity(); // the runtime takes one that is itself trusted as it is, expired or not
        } catch (CertificateException failure) {
            throw new Refused(why(chain, failure), failure);
        }
    }

    private String why(X509Certificate[] chain, CertificateException failure) {
        CertificateRevokedException revoked = cause(failure, CertificateRevokedException.class);
        if (revoked != null) {
            return culprit(chain, failure) + " was revoked on "
                    + revoked.getRevocationDate().toInstant() + " (" + revoked.getRevocationReason() + ")";
        }
        for (X509Certificate one : chain) {
            try {
                one.checkValidity();
            } catch (CertificateExpiredException e) {
                return whose(one, chain) + " expired on " + one.getNotAfter().toInstant();
            } catch (CertificateNotYetValidException e) {
                return whose(one, chain) + " is not valid before "
                        + one.getNotBefore().toInstant();
            }
        }
        if (cause(failure, CertPathBuilderException.class) != null) {
            return noPath(chain);
        }
        CertPathValidatorException invalid = cause(failure, CertPathValidatorException.class);
        if (invalid != null && invalid.getReason() == BasicReason.INVALID_SIGNATURE) {
            return noPath(chain);
        }
        if (invalid != null) {
            return culprit(chain, failure) + " is refused: " + Messages.shown(String.valueOf(invalid.getMessage()));
        }
        // The runtime has no exception of its own for a name that does not match.
        String words = String.valueOf(failure.getMessage());
        if (!words.startsWith("No subject alternative") && !words.startsWith("No name matching")) {
            return whose(chain[0], chain) + " is refused: " + Messages.shown(words);
        }
        List<String> names = names(chain[0]);
        return "the server's certificate is for " + (names.isEmpty() ? "no host" : String.join(", ", names))
                + " and not for " + host + (names.isEmpty() ? " (" + failure.getMessage() + ")" : "");
    }

    private String noPath(X509Certificate[] chain) {
        X509Certificate last = chain[chain.length - 1];
        String issuer = name(last.getIssuerX500Principal());
        boolean selfSigned = last.getIssuerX500Principal().equals(last.getSubjectX500Principal());
        if (selfSigned && chain.length == 1) {
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

    /** The certificate that the validator stumbled over, if it says so. */
    private static String culprit(X509Certificate[] chain, CertificateException failure) {
        CertPathValidatorException invalid = cause(failure, CertPathValidatorException.class);
        return whose(
                invalid == null ? chain[0] : chain[Math.max(0, Math.min(invalid.getIndex(), chain.length - 1))], chain);
    }

    private static String whose(X509Certificate one, X509Certificate[] chain) {
        String name = name(one.getSubjectX500Principal());
        return one == chain[0]
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
                    .filter(one -> one.get(0).equals(2) || one.get(0).equals(7))
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
