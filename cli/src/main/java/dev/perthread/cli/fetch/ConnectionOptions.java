package dev.perthread.cli.fetch;

import dev.perthread.IdlePolicy;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.net.Tls;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of {@code fetch} that say how to connect, and the rules which of them go together. What has no effect is
 * refused, as everywhere.
 */
final class ConnectionOptions {
    private static final String NO_HTTPS = " has no effect, since no URL begins with https";

    @Option(names = "--keep", description = "Every thread keeps its connection for its next request, by HTTP/1.1.")
    private boolean keep;

    @Option(
            names = "--lend",
            description = "As --keep, but a connection that is idle serves whichever thread comes next.")
    private boolean lend;

    @Option(
            names = "--limit",
            paramLabel = "N",
            converter = OptionConverters.Limit.class,
            description = "The most connections to one host at once; other threads wait for one.")
    private @Nullable Integer limit;

    @Option(
            names = {"--unix", "--unix-socket"},
            paramLabel = "PATH",
            converter = OptionConverters.File.class,
            description =
                    "Connect to this Unix domain socket. The host of an http URL is then only sent to the server.")
    private @Nullable Path unix;

    @Option(
            names = "--cacert",
            paramLabel = "FILE",
            converter = OptionConverters.File.class,
            description = "https: trust the certificates in this PEM file and those they have signed, and no others,"
                    + " instead of what Java trusts.")
    private @Nullable Path cacert;

    @Option(
            names = "--cert",
            paramLabel = "FILE",
            converter = OptionConverters.File.class,
            description = "https: show this certificate (PEM) to a server that asks for one.")
    private @Nullable Path cert;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            converter = OptionConverters.File.class,
            description = "The private key of --cert (PEM, PKCS#8, not encrypted); default: it is in the same file.")
    private @Nullable Path key;

    @Option(
            names = {"-k", "--insecure"},
            description = "https: take any certificate from anybody. Whoever is in between can read and change"
                    + " everything; for tests.")
    private boolean insecure;

    /**
     * What the options say for these targets; none at all is the built-in site, by http.
     *
     * @throws IllegalArgumentException if they contradict each other, or one has no effect
     */
    ConnectionSettings settings(List<Target> targets) {
        boolean https = targets.stream().anyMatch(target -> target.endpoint().tls());
        refuseIf(keep && lend, "--keep and --lend contradict each other; one of them is allowed");
        refuseIf(
                limit != null && keep,
                "--keep gives every thread a connection of its own; --limit is not allowed with it, but with --lend");
        refuseIf(
                unix != null && targets.isEmpty(),
                "--unix needs a URL, whose host and path are sent there, such as http://localhost/");
        refuseIf(unix != null && https, "--unix connects without TLS; only http URLs are allowed with it");
        refuseIf(!https && cacert != null, "--cacert" + NO_HTTPS);
        refuseIf(!https && cert != null, "--cert" + NO_HTTPS);
        refuseIf(!https && insecure, "--insecure" + NO_HTTPS);
        refuseIf(key != null && cert == null, "--key has no effect without --cert");
        refuseIf(
                insecure && (cacert != null || cert != null),
                "--insecure trusts anybody and shows no certificate; --cacert and --cert are not allowed with it");
        return new ConnectionSettings(insecure ? anybody() : tls(), unix, whenIdle(), limit == null ? 0 : limit);
    }

    private static void refuseIf(boolean wrong, String why) {
        if (wrong) {
            throw new IllegalArgumentException(why);
        }
    }

    private IdlePolicy whenIdle() {
        return keep ? IdlePolicy.KEEP : lend ? IdlePolicy.LEND : IdlePolicy.CLOSE;
    }

    private Tls tls() {
        Tls tls = Tls.defaults();
        if (cacert != null) {
            tls = tls.trust(cacert);
        }
        return cert == null ? tls : tls.identity(cert, key == null ? cert : key);
    }

    private static Tls anybody() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Anybody()}, null);
            return Tls.of(context).dangerouslyAcceptAnyHostName();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }

    /** What --insecure asks for. The extended kind: Java adds checks of its own to the other one. */
    private static final class Anybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
