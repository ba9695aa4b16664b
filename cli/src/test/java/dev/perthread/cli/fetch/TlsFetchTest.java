package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import dev.perthread.cli.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** perthread fetch https://: whom it trusts, what it shows, and what it says when that does not do. */
class TlsFetchTest {
    @TempDir
    static Path directory;

    private static OwnCertificate own;
    private static String certificate;

    /** One certificate, signed by itself, for both sides. */
    @BeforeAll
    static void makeCertificate() throws Exception {
        own = OwnCertificate.selfSigned(directory, "own", "localhost");
        certificate = own.file().toString();
    }

    private static Server sending(String answer, boolean mutual) throws Exception {
        return new Server(own.listening(mutual), (connection, request) -> Server.write(connection, answer));
    }

    private static String url(Server server, String host) {
        return "https://" + host + ":" + server.port() + "/a";
    }

    private static void assertOneLine(Cli.Result result, int status, String... words) {
        assertThat(result.status()).as(result.err()).isEqualTo(status);
        assertThat(result.err().lines()).singleElement().asString().contains(words);
        assertThat(result.err()).doesNotContain("Exception", "\tat ");
    }

    static Stream<List<String>> threads() {
        return Runtime.version().feature() >= 21
                ? Stream.of(List.of(), List.of("--virtual"))
                : Stream.of(List.<String>of());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("threads")
    void a_page_comes_from_a_server_whose_certificate_is_in_cacert(List<String> kind) throws Exception {
        String page = Server.page(70_000);
        try (Server server = sending(page, false)) {
            List<String> arguments = Stream.concat(
                            Stream.of("fetch", "-t", "4", "--cacert", certificate, url(server, "localhost")),
                            kind.stream())
                    .toList();
            Cli.Result result = Cli.run(arguments.toArray(String[]::new));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.gotLines()).hasSize(4).allMatch(line -> line.startsWith("Got " + page.length() + " "));
            assertThat(server.requests)
                    .hasSize(4)
                    .allMatch(("GET /a HTTP/1.0\r\nHost: localhost:" + server.port() + "\r\n\r\n")::equals);
        }
    }

    @Test
    void one_that_nobody_vouches_for_is_refused_and_insecure_takes_it() throws Exception {
        try (Server server = sending(Server.page(5), false)) {
            assertOneLine(
                    Cli.runHere("fetch", url(server, "localhost")), 1, "certificate is self-signed", "2 of 2 requests");
            assertThat(server.requests).isEmpty();

            Cli.Result insecure = Cli.runHere("fetch", "--insecure", url(server, "127.0.0.1"));
            assertThat(insecure.err()).isEmpty();
            assertThat(insecure.gotLines()).hasSize(2);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "expired,   expired on 20",
        "early,     is not valid before 20",
        "elsewhere, is for elsewhere.example and not for localhost",
        "unvouched, is self-signed (CN=localhost) and is not itself trusted",
        "unknown,   CN=authority.example"
    })
    void a_certificate_that_does_not_fit_is_refused_in_one_line_that_says_why(String which, String why)
            throws Exception {
        OwnCertificate shown = switch (which) {
            case "expired" ->
                OwnCertificate.selfSigned(directory, which, "localhost", "-startdate", "-10d", "-validity", "5");
            case "early" -> OwnCertificate.selfSigned(directory, which, "localhost", "-startdate", "+10d");
            case "elsewhere" -> OwnCertificate.selfSigned(directory, which, "elsewhere.example");
            case "unknown" -> OwnCertificate.ofUnknownAuthority(directory, which, "localhost");
            default -> OwnCertificate.selfSigned(directory, which, "localhost");
        };
        String trusted = (which.startsWith("un") ? own : shown).file().toString();
        try (WebServer web = WebServer.start(Files.createTempDirectory(directory, which), shown)) {
            String url = "https://localhost:" + web.https() + "/";
            Cli.Result result = Cli.runHere("fetch", "-t", "3", "--cacert", trusted, url);

            assertThat(result.status()).isEqualTo(1);
            assertThat(result.err().lines())
                    .singleElement()
                    .asString()
                    .startsWith(
                            "perthread: " + url + ": cannot connect to localhost:" + web.https() + ": the server's ")
                    .contains(why)
                    .endsWith("(3 of 3 requests)");
            assertThat(web.connectionsOf(0)).isLessThanOrEqualTo(3);
        }
    }

    @Test
    void a_server_that_wants_a_certificate_gets_the_one_of_cert_and_key() throws Exception {
        try (Server server = sending(Server.page(5), true)) {
            Path both = Files.writeString(
                    directory.resolve("both.pem"), Files.readString(own.keyFile()) + Files.readString(own.file()));
            String url = url(server, "localhost");

            assertThat(Cli.runHere(
                                    "fetch",
                                    "--cacert",
                                    certificate,
                                    "--cert",
                                    certificate,
                                    "--key",
                                    own.keyFile().toString(),
                                    url)
                            .gotLines())
                    .hasSize(2);
            assertThat(Cli.runHere("fetch", "--cacert", certificate, "--cert", both.toString(), url)
                            .gotLines())
                    .hasSize(2);
            // A server of Java 17 says no more than that it does not like what it got.
            String words = Runtime.version().feature() > 17
                    ? "the server wants a certificate of this side"
                    : "the server refuses this side's certificate, or that there is none";
            assertOneLine(Cli.runHere("fetch", "-t", "1", "--cacert", certificate, url), 1, words);
        }
    }

    @Test
    void a_cert_without_a_key_anywhere_is_a_wrong_command_line() throws Exception {
        assertOneLine(
                Cli.runHere("fetch", "--cert", certificate, "https://localhost/"),
                2,
                "it must have one private key, but has 0");
    }

    @Test
    void an_answer_cut_off_is_a_failure_unless_it_says_that_it_is_whole() throws Exception {
        try (Server server = cuttingOff("HTTP/1.0 200 OK\r\n\r\nsome");
                Server whole = cuttingOff(Server.page(10))) {
            assertOneLine(
                    Cli.runHere("fetch", "-t", "1", "--cacert", certificate, url(server, "localhost")),
                    1,
                    "the connection was cut off");
            assertThat(Cli.runHere("fetch", "-t", "1", "--cacert", certificate, url(whole, "localhost"))
                            .status())
                    .isZero();
        }
    }

    /** TCP's end without the one that TLS has: what a man in the middle can send too. */
    private static Server cuttingOff(String answer) throws Exception {
        Map<Socket, Socket> below = new ConcurrentHashMap<>();
        SSLSocketFactory tls = own.context().getSocketFactory();
        ServerSocket listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress()) {
            @Override
            public Socket accept() throws IOException {
                Socket plain = super.accept();
                SSLSocket encrypted = (SSLSocket) tls.createSocket(plain, null, true);
                encrypted.setUseClientMode(false);
                below.put(encrypted, plain);
                return encrypted;
            }
        };
        return new Server(listening, (connection, request) -> {
            Server.write(connection, answer);
            below.get(connection).close();
        });
    }

    @Test
    void with_keep_one_handshake_serves_all_requests_of_a_thread() throws Exception {
        String page = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";
        try (Server server = new Server(own.listening(false), (connection, request) -> {
            for (int i = 0; i < 10; i++) {
                Server.write(connection, page);
                if (i < 9) {
                    Server.head(connection.getInputStream());
                }
            }
            Server.head(connection.getInputStream()); // the client's end
        })) {
            Cli.Result result =
                    Cli.run("fetch", "--keep", "-n", "10", "--cacert", certificate, url(server, "localhost"));

            assertThat(result.err()).isEmpty();
            assertThat(result.lastLine()).startsWith("2 threads, 2 connections for 20 requests, ");
            assertThat(server.connections()).isEqualTo(2);
        }
    }
}
