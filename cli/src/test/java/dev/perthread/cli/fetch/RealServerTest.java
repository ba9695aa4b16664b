package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import dev.perthread.cli.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * perthread fetch and a web server that people use: both must have seen the same requests on the same connections. The
 * web server is nginx, or a stand-in where that is not installed; which it was is in {@code target/peers.txt}.
 */
class RealServerTest {
    private static final Queue<String> PEERS = new ConcurrentLinkedQueue<>();

    @TempDir
    static Path certificates;

    private static OwnCertificate fitting;

    @TempDir
    Path directory;

    private WebServer web;

    @BeforeAll
    static void makeCertificate() throws Exception {
        fitting = OwnCertificate.selfSigned(certificates, "fitting", "localhost");
    }

    @BeforeEach
    void start() throws Exception {
        web = WebServer.start(directory, fitting);
        PEERS.add("fetch: " + web.what());
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @AfterAll
    static void keep() throws IOException {
        Files.write(Path.of("target", "peers.txt"), PEERS.stream().distinct().toList());
    }

    /** The arguments that lead to a path by http, by https, or through the Unix socket. */
    private List<String> to(String way, String path) {
        return switch (way) {
            case "http" -> List.of("http://127.0.0.1:" + web.http() + path);
            case "https" -> List.of("--cacert", fitting.file().toString(), "https://localhost:" + web.https() + path);
            default -> List.of("--unix", web.unix().toString(), "http://localhost" + path);
        };
    }

    private static Cli.Result fetch(List<String> to, String... options) {
        return Cli.runHere(arguments(to, options));
    }

    private static String[] arguments(List<String> to, String... options) {
        List<String> arguments = new ArrayList<>(List.of("fetch"));
        arguments.addAll(List.of(options));
        arguments.addAll(to);
        return arguments.toArray(String[]::new);
    }

    private static void assertWell(Cli.Result result) {
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https", "unix"})
    void every_request_has_a_connection_of_its_own(String way) throws Exception {
        Cli.Result result = fetch(to(way, "/"), "-t", "3", "-n", "2");

        assertWell(result);
        assertThat(result.gotLines()).hasSize(6);
        assertThat(web.connectionsOf(6)).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https", "unix"})
    void with_keep_a_thread_needs_one_connection_for_as_many_requests_as_the_server_allows(String way)
            throws Exception {
        Cli.Result result = fetch(to(way, "/"), "-q", "--keep", "-t", "4", "--requests", "250");

        assertWell(result);
        assertThat(result.lastLine())
                .matches(
                        "4 threads, 12 connections for 1000 requests(?: \\(\\d replaced\\))?, most open at once [1-4], .*");
        assertThat(web.connectionsOf(1000)).isEqualTo(4 * 3); // a hundred, a hundred, and fifty
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https", "unix"})
    void with_lend_and_a_limit_many_threads_share_as_many_as_that(String way) throws Exception {
        Cli.Result result = fetch(to(way, "/"), "--json", "-q", "--lend", "--limit", "3", "-t", "12", "-n", "40");

        assertWell(result);
        Map<?, ?> summary = (Map<?, ?>) Json.parse(result.out()).get("summary");
        assertThat((Long) summary.get("mostOpenAtOnce")).isBetween(1L, 3L);
        assertThat((Long) summary.get("connections"))
                .isBetween(5L, 7L) // 480 by a hundred, and each of three may have some left
                .isEqualTo(web.connectionsOf(480));
    }

    @ParameterizedTest
    @CsvSource({"/204, 1", "/304, 1", "/chunked, 1", "/close, 5"})
    void an_answer_leaves_its_connection_usable_unless_it_ends_it(String path, int connections) throws Exception {
        Cli.Result result = fetch(to("http", path), "--keep", "-t", "1", "-n", "5");

        assertWell(result);
        assertThat(result.gotLines()).hasSize(5);
        assertThat(web.connectionsOf(5)).isEqualTo(connections);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https"})
    void a_server_that_ends_connections_between_requests_costs_connections_and_no_request(String way) throws Exception {
        // A process of its own starts slowly: it leaves its connections alone for longer than the server waits.
        Cli.Result result = Cli.run(arguments(to(way, "/impatient"), "--json", "-q", "--keep", "-t", "4", "-n", "100"));

        assertWell(result);
        Map<?, ?> summary = (Map<?, ?>) Json.parse(result.out()).get("summary");
        assertThat(summary.get("succeeded")).isEqualTo(400L);
        assertThat((Long) summary.get("replaced"))
                .isPositive()
                .isGreaterThanOrEqualTo((Long) summary.get("repeated"))
                .isEqualTo((Long) summary.get("connections") - 4);
        assertThat(summary.get("connections")).isEqualTo((long) web.connectionsOf(400));
    }

    @Test
    void a_server_that_wants_a_certificate_gets_it() throws Exception {
        String own = fitting.file().toString();
        Cli.Result result = fetch(
                List.of("https://localhost:" + web.mutual() + "/"),
                "-q",
                "--keep",
                "-n",
                "10",
                "--cacert",
                own,
                "--cert",
                own,
                "--key",
                fitting.keyFile().toString());

        assertWell(result);
        assertThat(web.connectionsOf(20)).isEqualTo(2);
    }

    @Test
    void a_server_without_tls_is_told_from_one_whose_certificate_is_wrong() throws Exception {
        Cli.Result result = fetch(List.of("https://localhost:" + web.http() + "/"), "-t", "1");

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines()).singleElement().asString().contains("the server does not speak TLS there");
    }
}
