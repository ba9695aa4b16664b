package dev.perthread.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.perthread.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong, with the command line or with the server: one line that says what, and an exit status. */
class BadInputTest {

    private static void assertOneLine(Cli.Result result, int status, String... words) {
        assertThat(result.status()).as(result.err()).isEqualTo(status);
        assertThat(result.err().lines())
                .singleElement()
                .asString()
                .startsWith("perthread: ")
                .contains(words);
        assertThat(result.err()).doesNotContain("Exception", "\tat ");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "fetch --threads 0 | --threads | must be a whole number from 1 to 100000, but was '0'",
                "fetch --threads x | --threads | but was 'x'",
                "fetch --threads 99999999999 | --threads | but was '99999999999'",
                "fetch -t -3 | --threads | but was '-3'",
                "fetch -t3x | --threads | but was '3x'",
                "fetch --threads= | --threads | but was ''",
                "fetch -t | missing value | --threads=N",
                "fetch -t 2 --threads 3 | --threads | at most once, but was given 2 times",
                "fetch -n 0 | --requests | from 1 to 1000000000, but was '0'",
                "fetch -n 1.5 | --requests | but was '1.5'",
                "fetch --timeout 0 | --timeout | from 1ms to 60m (10, 0.5, 250ms), but was '0'",
                "fetch --timeout soon | --timeout | but was 'soon'",
                "fetch --timeout .5 | --timeout | but was '.5'",
                "fetch --timeout 1.2.3 | --timeout | but was '1.2.3'",
                "fetch --max-time 0 | --max-time | from 1ms to 60m (10, 0.5, 250ms), but was '0'",
                "fetch --max-bytes 0 | --max-bytes | from 1 to 1024G, but was '0'",
                "fetch --max-bytes many | --max-bytes | but was 'many'",
                "fetch --keep --lend | --lend | at most one of them must be given",
                "fetch --keep=yes | --keep | without a value, but was '--keep=yes'",
                "fetch --keep --limit 2 | --limit | must be given with --lend or alone",
                "fetch --keep --limit-per-host 2 | --limit-per-host | must be given with --lend or alone",
                "fetch --unix /tmp/a --limit-per-host 2 http://b/ | --limit-per-host | use --limit",
                "fetch http://b:1/ https://b:1/ | b:1 | by http or by https, but was in URLs by both",
                "fetch http://b/ https://a_b/ | a_b | letters, digits, hyphens and dots",
                "fetch --lend --limit 0 | --limit | from 1 to 100000, but was '0'",
                "fetch --unix= http://b/ | --unix | must be the path of a file, but was ''",
                "fetch --cacert= https://b/ | --cacert | must be the path of a file, but was ''",
                "fetch --unix /tmp/a | --unix | needs a URL",
                "fetch --unix /a https://b/ | --unix | all URLs must begin with http:",
                "fetch --cacert ca.pem | --cacert | no URL begins with https",
                "fetch --cert a http://b/ | --cert | no URL begins with https",
                "fetch -k http://localhost/ | --insecure | no URL begins with https",
                "fetch --key a https://b/ | --key | without --cert",
                "fetch -k --cert a https://b/ | --insecure | without --cacert and --cert",
                "fetch --cacert /no https://b | PEM file /no | no such file",
                "fetch https://a_b/ | a_b | digit, hyphen or dot",
                "fetch ftp://example.org/ | 'ftp' | must be http[s]://HOST[:PORT][/PATH]",
                "fetch www.example.org | 'www.example.org' | must be http[s]://HOST[:PORT][/PATH]",
                "fetch localhost:8000/x | 'localhost:8000/x' | must be http[s]://HOST[:PORT][/PATH]",
                "fetch http:// | 'http://' | must be http[s]://HOST[:PORT][/PATH]",
                "fetch http://a_b:/{} | is not a URL | must be http[s]://HOST[:PORT][/PATH]",
                "fetch http://localhost:0/ | port 0 | from 1 to 65535",
                "fetch http://localhost:99999 | port 99999 | from 1 to 65535",
                "fetch http://me:x@localhost/ | 'http://...@localhost/' | names a user",
                "fetch --thread 3 | '--thread' | did you mean --threads?",
                "fetch --thr 3 | unknown option | '--thr'",
                "serve --port 65536 | --port | from 0 to 65535, but was '65536'",
                "timeline | missing RECORDING | perthread timeline --help",
                "timeline a.jfr --width 20 | --width | from 40 to 10000, but was '20'",
                "timeline a.jfr --width 80 | --width | without --text",
                "timeline a.jfr --text -o b | --text | --output must be given without",
                "timeline a.jfr b.jfr | 'b.jfr' | expected one RECORDING",
                "top | missing TARGET | perthread top --help",
                "top nonsense | TARGET | must be HOST:PORT with a port from 1 to 65535, or a process id, but was 'nonsense'",
                "top localhost:0 | TARGET | but was 'localhost:0'",
                "top 1 --sort size | --sort | must be age, uses, thread, resource or pool, but was 'size'",
                "top 1 --once -n 3 | --once | contradict each other",
                "serve extra | unexpected argument | 'extra'",
                "fetsh | must be one of fetch, timeline, top, serve, generate-completion, but was 'fetsh' | did you mean fetch?",
                "--nonsense | '--nonsense' | perthread --help",
                "'' | missing command | expected one of fetch, timeline, top, serve, generate-completion"
            })
    void a_wrong_command_line_is_told_in_one_line(String arguments, String given, String allowed) throws Exception {
        Cli.Result result = Cli.runHere(arguments.isEmpty() ? new String[0] : arguments.split(" "));

        assertOneLine(result, 2, given, allowed);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void a_refused_connection_is_told_once_for_all_threads() throws Exception {
        int free = FreePort.next();
        Cli.Result result = Cli.run("fetch", "http://127.0.0.1:" + free + "/", "-t", "8");

        assertOneLine(result, 1, "http://127.0.0.1:" + free + "/", "Connection refused", "8 of 8 requests");
        assertThat(result.lines())
                .singleElement()
                .asString()
                .startsWith("8 threads, 0 connections, most open at once 0");
        assertThat(result.lastLine()).endsWith(", 8 of 8 requests failed");
    }

    @Test
    void an_unknown_host_is_told() throws Exception {
        Cli.Result result = Cli.runHere("fetch", "http://no-such-host.invalid/");

        assertOneLine(result, 1, "http://no-such-host.invalid/", "the name has no address");
    }

    @Test
    void a_server_that_closes_without_an_answer_is_a_failure() throws Exception {
        try (Server server = Server.sending("")) {
            Cli.Result result = Cli.runHere("fetch", server.url("/"));

            assertOneLine(result, 1, server.url("/"), "closed the connection without a response", "2 of 2");
            assertThat(result.gotLines())
                    .hasSize(2)
                    .allSatisfy(line -> assertThat(line).startsWith("Got 0 bytes "));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf', ends early: 4 of 100 bytes of content",
        "'HTTP/1.0 200 OK\r\nContent-Le', ends inside its header",
        "'HTTP/1.0 200 OK\r\nContent-Length: 4, 4\r\nContent-Length: 05\r\n\r\nhalf', 'must be one number'",
        "'HTTP/1.0 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhalf', 4 of 9223372036854775808 bytes",
        "'HTTP/1.0 200 OK\r\nContent-Length: +100\r\n\r\nhalf', 'must be one number, but was \"+100'",
        "'HTTP/1.0 200 OK\r\nContent-Length: 100, 100\r\n\r\nhalf', 4 of 100 bytes",
        "'HTTP/1.0 200 OK\r\nContent-Length: 4, 100\r\n\r\nhalf', 'must be one number, but was \"4, 100'",
        "'HTTP/1.0 200 OK\r\nContent-Length: 4\r\nContent-Length: 100\r\n\r\nhalf', 'must be one number'",
        "'HTTP/1.0 200 OK\r\nContent-Length:\r\n\r\nhalf', 'must be one number'",
    })
    void an_answer_that_is_cut_short_is_a_failure(String answer, String words) throws Exception {
        try (Server server = Server.sending(answer)) {
            Cli.Result result = Cli.runHere("fetch", "-t", "1", server.url("/"));

            assertOneLine(result, 1, words);
            assertThat(result.gotLines()).singleElement().asString().startsWith("Got " + answer.length() + " bytes ");
        }
    }

    @Test
    void an_answer_that_is_not_http_is_counted_and_is_a_failure() throws Exception {
        try (Server server = Server.sending("\u0000\u0001SSH-2.0-garbage\r\n\r\n\u00ff")) {
            Cli.Result result = Cli.runHere("fetch", "-t", "1", server.url("/"));

            assertOneLine(result, 1, "not HTTP", "\"??SSH-2.0-garbage");
            assertThat(result.gotLines()).singleElement().asString().startsWith("Got 22 bytes ");
        }
    }

    @Test
    void a_server_that_stays_silent_is_given_up_after_the_timeout() throws Exception {
        try (Server server =
                new Server((connection, request) -> connection.getInputStream().read())) {
            Cli.Result result = Cli.runHere("fetch", "--timeout", "300ms", server.url("/"));

            assertOneLine(result, 1, "sent nothing for 0.3 s", "--timeout");
            assertThat(result.gotLines()).isEmpty();
        }
    }

    @Test
    void a_server_that_stops_in_the_middle_is_given_up_after_the_timeout() throws Exception {
        try (Server server = new Server((connection, request) -> {
            Server.write(connection, "HTTP/1.0 200 OK\r\n\r\nsome");
            connection.getInputStream().read();
        })) {
            Cli.Result result = Cli.runHere("fetch", "--json", "-t", "1", "--timeout", "0.3", server.url("/"));

            assertOneLine(result, 1, "sent nothing for 0.3 s");
            Map<?, ?> only = (Map<?, ?>) ((List<?>) Json.parse(result.out()).get("results")).get(0);
            assertThat(only.get("bytes")).isEqualTo(23L);
            assertThat((String) only.get("failure")).contains("sent nothing for 0.3 s");
        }
    }

    @Test
    void a_server_that_never_ends_is_given_up_at_the_bound() throws Exception {
        AtomicInteger cutOff = new AtomicInteger();
        try (Server server = new Server((connection, request) -> {
            Server.write(connection, "HTTP/1.0 200 OK\r\n\r\n");
            try {
                while (true) {
                    connection.getOutputStream().write(new byte[8192]);
                }
            } catch (IOException e) {
                cutOff.incrementAndGet();
            }
        })) {
            Cli.Result result = Cli.runHere("fetch", "--max-bytes", "100k", server.url("/"));

            assertOneLine(result, 1, "longer than 102400 bytes", "--max-bytes", "2 of 2 requests");
            await().untilAsserted(() -> assertThat(cutOff).hasValue(2));
        }
    }

    @Test
    void an_answer_of_exactly_the_bound_is_whole() throws Exception {
        String page = Server.page(1000);
        try (Server server = Server.sending(page)) {
            assertThat(Cli.runHere("fetch", "--max-bytes", "" + page.length(), server.url("/"))
                            .status())
                    .isZero();
            assertOneLine(
                    Cli.runHere("fetch", "--max-bytes", "" + (page.length() - 1), server.url("/")), 1, "longer than");
        }
    }

    @Test
    void one_failing_request_does_not_stop_the_others() throws Exception {
        AtomicInteger number = new AtomicInteger();
        try (Server server = new Server((connection, request) -> {
            if (number.incrementAndGet() % 4 == 0) {
                connection.setSoLinger(true, 0); // the client gets a reset
            } else {
                Server.write(connection, Server.page(10));
            }
        })) {
            Cli.Result result = Cli.runHere("fetch", "-t", "4", "-n", "5", server.url("/"));

            assertOneLine(result, 1, "5 of 20 requests");
            assertThat(result.gotLines()).hasSize(15);
            assertThat(result.lastLine()).endsWith("5 of 20 requests failed");
            assertThat(server.connections()).isEqualTo(20);
        }
    }

    @Test
    void a_port_that_is_taken_is_told() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Cli.Result result = Cli.run("serve", "--port", "" + socket.getLocalPort());

            assertOneLine(result, 1, "port " + socket.getLocalPort(), "0 for any");
            assertThat(result.out()).isEmpty();
        }
    }

    @Test
    void response_of_several_equal_lengths_is_whole() throws Exception {
        String answer = "HTTP/1.0 200 OK\r\nContent-Length: 4\r\nContent-Length: 04, 4\r\n\r\nhalf";
        try (Server server = Server.sending(answer)) {
            Cli.Result result = Cli.runHere("fetch", "-t", "1", server.url("/"));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"--quiet", "--keep"})
    void response_that_never_ends_byte_by_byte_is_a_failure_after_max_time(String option) throws Exception {
        try (Server server = new Server((connection, request) -> {
            Server.write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
            while (true) { // ends when the client has gone
                connection.getOutputStream().write(1);
                LockSupport.parkNanos(1_000_000); // or both sides would need a processor each
            }
        })) {
            Cli.Result result =
                    Cli.runHere("fetch", "-t", "1", option, "--max-bytes", "1G", "--max-time", "1", server.url("/"));

            assertOneLine(result, 1, "not complete after 1 s", "--max-time");
        }
    }

    @ParameterizedTest
    @CsvSource({"--quiet", "--keep"})
    void response_that_stops_is_a_failure_after_max_time_if_that_is_less_than_the_timeout(String option)
            throws Exception {
        try (Server server = new Server((connection, request) -> {
            Server.write(connection, "HTTP/1.1 200 OK\r\n");
            connection.getInputStream().read();
        })) {
            Cli.Result result =
                    Cli.runHere("fetch", "-t", "1", option, "--timeout", "50", "--max-time", "1", server.url("/"));

            assertOneLine(result, 1, "not complete after 1 s", "--max-time");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://me:S3CRET@h/",
                "http://me:S3CRET@h:0/",
                "ftp://me:S3CRET@h/",
                "http://me:S3CRET/x@h y/",
                "http://me:S3CRET@@h/",
                "me:S3CRET@h/",
                "http://me:S3CRET%@h/"
            })
    void refusal_of_a_url_never_shows_the_password_in_it(String url) throws Exception {
        Cli.Result result = Cli.runHere("fetch", url);

        assertOneLine(result, 2, "URL must be http[s]://", "...@");
        assertThat(result.err()).doesNotContain("S3CRET");
    }

    @Test
    void value_of_any_length_is_quoted_cut() throws Exception {
        Cli.Result result = Cli.runHere("fetch", "--threads", "x".repeat(10_000));

        assertOneLine(result, 2, "but was 'xxx", "x...'");
        assertThat(result.err()).hasSizeLessThan(400);
    }
}
