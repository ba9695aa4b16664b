package dev.perthread.cli.fetch;

import dev.perthread.IdlePolicy;
import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Syntax;
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

/**
 * The options of {@code fetch} that say how to connect, and the rules which of them go together. What has no effect is
 * refused, as everywhere.
 */
final class ConnectionOptions {
    private static final String NO_KEEP =
            " must be given with --lend or alone, but was given with --keep, which gives each thread a connection of its own";
    private static final String NO_HTTPS = " has no effect, since no URL begins with https";

    private final boolean keep;
    private final boolean lend;
    private final @Nullable Integer limit;
    private final @Nullable Integer limitPerHost;
    private final @Nullable Path unix;
    private final @Nullable Path cacert;
    private final @Nullable Path cert;
    private final @Nullable Path key;
    private final boolean insecure;

    /** The values of these options on a command line. */
    ConnectionOptions(Arguments arguments) {
        keep = arguments.has("keep");
        lend = arguments.has("lend");
        limit = arguments.find("limit", OptionConverters::threads);
        limitPerHost = arguments.find("limit-per-host", OptionConverters::threads);
        unix = arguments.find("unix", OptionConverters::file);
        cacert = arguments.find("cacert", OptionConverters::file);
        cert = arguments.find("cert", OptionConverters::file);
        key = arguments.find("key", OptionConverters::file);
        insecure = arguments.has("insecure");
    }

    static void addTo(Syntax syntax) {
        syntax.flag("--keep", "Each thread keeps its connection for its next request, by HTTP/1.1.")
                .flag("--lend", "As --keep, but an idle connection serves whichever thread comes next.")
                .option(
                        "--limit",
                        "N",
                        "The most connections at once, to all hosts together; other threads wait for one. With --lend"
                                + " the one that has been idle longest makes room for another host.")
                .option("--limit-per-host", "N", "The most connections to one host and port at once.")
                .option(
                        "--unix-socket, --unix",
                        "PATH",
                        "Connect to this Unix domain socket. The host of an http URL is then only sent to the server.")
                .option(
                        "--cacert",
                        "FILE",
                        "https: trust the certificates in this PEM file and those they have signed, and no others,"
                                + " instead of what Java trusts.")
                .option("--cert", "FILE", "https: show this certificate (PEM) to a server that asks for one.")
                .option(
                        "--key",
                        "FILE",
                        "The private key of --cert (PEM, PKCS#8, not encrypted). Default: it is in the same file.")
                .flag(
                        "-k, --insecure",
                        "https: accept any certificate from any server. Whoever is in between can read and change"
                                + " everything; for tests.");
    }

    /**
     * What the options say for these targets; none at all is the built-in site, by http.
     *
     * @throws IllegalArgumentException if they contradict each other, or one has no effect
     */
    ConnectionSettings settings(List<Target> targets) {
        boolean https = targets.stream().anyMatch(target -> target.endpoint().tls());
        refuseIf(keep && lend, "--keep and --lend contradict each other; at most one of them must be given");
        refuseIf(limit != null && keep, "--limit" + NO_KEEP);
        refuseIf(limitPerHost != null && keep, "--limit-per-host" + NO_KEEP);
        refuseIf(
                limitPerHost != null && unix != null,
                "--limit-per-host has no effect with --unix, where all connections go to one socket; use --limit");
        refuseIf(
                unix != null && targets.isEmpty(),
                "--unix needs a URL, whose host and path are sent there, such as http://localhost/");
        refuseIf(unix != null && https, "--unix connects without TLS; all URLs must begin with http:");
        refuseIf(!https && cacert != null, "--cacert" + NO_HTTPS);
        refuseIf(!https && cert != null, "--cert" + NO_HTTPS);
        refuseIf(!https && insecure, "--insecure" + NO_HTTPS);
        refuseIf(key != null && cert == null, "--key has no effect without --cert");
        refuseIf(
                insecure && (cacert != null || cert != null),
                "--insecure trusts any server and shows no certificate; it must be given without --cacert and --cert");
        return new ConnectionSettings(
                insecure ? anybody() : tls(),
                unix,
                whenIdle(),
                limit == null ? 0 : limit,
                limitPerHost == null ? 0 : limitPerHost);
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
