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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
                "fetch --threads 0           | '0'               | 1 to 100000",
                "fetch --threads x           | 'x'               | 1 to 100000",
                "fetch --threads 99999999999 | '99999999999'     | 1 to 100000",
                "fetch -t -3                 | -3                | 1 to 100000",
                "fetch --threads=            | ''                | 1 to 100000",
                "fetch -n 0                  | '0'               | 1 to 1000000000",
                "fetch -n 1.5                | '1.5'             | 1 to 1000000000",
                "fetch --timeout 0           | '0'               | from 1ms to 60m",
                "fetch --timeout soon        | 'soon'            | from 1ms to 60m",
                "fetch --max-bytes 0         | '0'               | from 1 to 1024G",
                "fetch --max-bytes many      | 'many'            | from 1 to 1024G",
                "fetch --keep --lend         | --lend            | one of them is allowed",
                "fetch --keep --limit 2      | --limit           | but with --lend",
                "fetch --lend --limit 0      | '0'               | 1 to 100000",
                "fetch --unix= http://b/     | --unix            | the path of a file",
                "fetch --cacert= https://b/  | --cacert          | the path of a file",
                "fetch --unix /tmp/a         | --unix            | needs a URL",
                "fetch --unix /a https://b/  | --unix            | only http URLs",
                "fetch --cacert ca.pem       | --cacert          | no URL begins with https",
                "fetch --cert a http://b/    | --cert            | no URL begins with https",
                "fetch -k http://localhost/  | --insecure        | no URL begins with https",
                "fetch --key a https://b/    | --key             | without --cert",
                "fetch -k --cert a https://b/| --insecure        | --cert are not allowed",
                "fetch --cacert /no https://b| PEM file /no      | no such file",
                "fetch https://a_b/          | a_b               | digit, hyphen or dot",
                "fetch ftp://example.org/    | 'ftp'             | http[s]://HOST[:PORT][/PATH] is allowed",
                "fetch www.example.org       | 'www.example.org' | http[s]://HOST[:PORT][/PATH] is allowed",
                "fetch localhost:8000/x      | 'localhost:8000/x'| http[s]://HOST[:PORT][/PATH] is allowed",
                "fetch http://               | 'http://'         | http[s]://HOST[:PORT][/PATH] is allowed",
                "fetch http://a_b:/{}        | is not a URL      | http[s]://HOST[:PORT][/PATH] is allowed",
                "fetch http://localhost:0/   | port 0            | 1 to 65535",
                "fetch http://localhost:99999| port 99999        | 1 to 65535",
                "fetch http://me:x@localhost/| names a user      | http[s]://HOST[:PORT][/PATH] is allowed",
                "fetch --thread 3            | --thread          | --threads",
                "serve --port 65536          | '65536'           | 0 to 65535",
                "timeline                    | RECORDING         | perthread timeline --help",
                "timeline a.jfr --width 20   | '20'              | 40 to 10000",
                "timeline a.jfr --width 80   | --width           | without --text",
                "timeline a.jfr --text -o b  | --text            | --output is not allowed",
                "top                         | TARGET            | perthread top --help",
                "top nonsense                | 'nonsense'        | HOST:PORT",
                "top localhost:0             | 'localhost:0'     | from 1 to 65535",
                "top 1 --sort size           | 'size'            | age, uses, thread, resource or holder",
                "serve extra                 | extra             | perthread serve --help",
                "fetsh                       | fetsh             | fetch",
                "--nonsense                  | --nonsense        | perthread --help",
                "''                          | no command given  | fetch"
            })
    void a_wrong_command_line_is_told_in_one_line(String arguments, String given, String allowed) throws Exception {
        Cli.Result result = Cli.run(arguments.isEmpty() ? new String[0] : arguments.split(" "));

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
        Cli.Result result = Cli.run("fetch", "http://no-such-host.invalid/");

        assertOneLine(result, 1, "http://no-such-host.invalid/", "the name has no address");
    }

    @Test
    void a_server_that_closes_without_an_answer_is_a_failure() throws Exception {
        try (Server server = Server.sending("")) {
            Cli.Result result = Cli.run("fetch", server.url("/"));

            assertOneLine(result, 1, server.url("/"), "closed the connection without an answer", "2 of 2");
            assertThat(result.gotLines())
                    .hasSize(2)
                    .allSatisfy(line -> assertThat(line).startsWith("Got 0 bytes "));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf', ends early: 4 of 100 bytes of content",
        "'HTTP/1.0 200 OK\r\nContent-Le', ends inside its header",
    })
    void an_answer_that_is_cut_short_is_a_failure(String answer, String words) throws Exception {
        try (Server server = Server.sending(answer)) {
            Cli.Result result = Cli.run("fetch", "-t", "1", server.url("/"));

            assertOneLine(result, 1, words);
            assertThat(result.gotLines()).singleElement().asString().startsWith("Got " + answer.length() + " bytes ");
        }
    }

    @Test
    void an_answer_that_is_not_http_is_counted_and_is_a_failure() throws Exception {
        try (Server server = Server.sending("\u0000\u0001SSH-2.0-garbage\r\n\r\n\u00ff")) {
            Cli.Result result = Cli.run("fetch", "-t", "1", server.url("/"));

            assertOneLine(result, 1, "not HTTP", "\"??SSH-2.0-garbage");
            assertThat(result.gotLines()).singleElement().asString().startsWith("Got 22 bytes ");
        }
    }

    @Test
    void a_server_that_stays_silent_is_given_up_after_the_timeout() throws Exception {
        try (Server server =
                new Server((connection, request) -> connection.getInputStream().read())) {
            Cli.Result result = Cli.run("fetch", "--timeout", "300ms", server.url("/"));

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
            Cli.Result result = Cli.run("fetch", "--json", "-t", "1", "--timeout", "0.3", server.url("/"));

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
            Cli.Result result = Cli.run("fetch", "--max-bytes", "100k", server.url("/"));

            assertOneLine(result, 1, "longer than 102400 bytes", "--max-bytes", "2 of 2 requests");
            await().untilAsserted(() -> assertThat(cutOff).hasValue(2));
        }
    }

    @Test
    void an_answer_of_exactly_the_bound_is_whole() throws Exception {
        String page = Server.page(1000);
        try (Server server = Server.sending(page)) {
            assertThat(Cli.run("fetch", "--max-bytes", "" + page.length(), server.url("/"))
                            .status())
                    .isZero();
            assertOneLine(Cli.run("fetch", "--max-bytes", "" + (page.length() - 1), server.url("/")), 1, "longer than");
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
            Cli.Result result = Cli.run("fetch", "-t", "4", "-n", "5", server.url("/"));

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
}
