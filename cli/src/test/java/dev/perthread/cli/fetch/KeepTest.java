package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import dev.perthread.cli.Json;
import dev.perthread.cli.Server;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** perthread fetch --keep and --lend: many requests on one connection, and when a connection is not used again. */
class KeepTest {
    private static final String PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";

    static Stream<String> threads() {
        return Runtime.version().feature() >= 21 ? Stream.of("--quiet", "--virtual") : Stream.of("--quiet");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("threads")
    void with_keep_every_thread_makes_all_its_requests_on_one_connection(String kind) throws Exception {
        try (Server server = Server.answeringMany((connection, request) -> Server.write(connection, PAGE))) {
            Cli.Result result = Cli.run("fetch", kind, "--keep", "-t", "3", "-n", "20", server.url("/a"));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.lastLine())
                    .matches("3 threads, 3 connections for 60 requests, most open at once [123], " + 60 * PAGE.length()
                            + " bytes, .*");
            assertThat(server.connections()).isEqualTo(3);
            assertThat(server.requests)
                    .hasSize(60)
                    .allMatch(("GET /a HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() + "\r\n\r\n")::equals);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("threads")
    void with_lend_and_a_limit_many_threads_share_few_connections(String kind) throws Exception {
        try (Server server = Server.answeringMany((connection, request) -> Server.write(connection, PAGE))) {
            Cli.Result result =
                    Cli.run("fetch", kind, "--lend", "--limit", "2", "-t", "30", "-n", "10", server.url("/"));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.lastLine()).matches("30 threads, [12] connections? for 300 requests, .*");
            assertThat(server.connections()).isBetween(1, 2);
            assertThat(server.requests).hasSize(300);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("threads")
    void many_hosts_share_one_limit_and_each_has_its_own(String kind) throws Exception {
        AtomicInteger all = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger mostPerHost = new AtomicInteger();
        try (Server one = at("127.0.0.1", all, most, mostPerHost);
                Server two = at("127.0.0.2", all, most, mostPerHost);
                Server three = at("127.0.0.3", all, most, mostPerHost)) {
            Cli.Result result = Cli.runHere(
                    "fetch",
                    kind,
                    "--lend",
                    "--limit",
                    "2",
                    "--limit-per-host",
                    "1",
                    "-t",
                    "6",
                    "-n",
                    "5",
                    "http://127.0.0.1:" + one.port() + "/",
                    "http://127.0.0.2:" + two.port() + "/",
                    "http://127.0.0.3:" + three.port() + "/");

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.lastLine()).matches("6 threads, \\d+ connections for 90 requests, .*");
            assertThat(most.get()).isLessThanOrEqualTo(2);
            assertThat(mostPerHost.get()).isOne();
            for (Server server : List.of(one, two, three)) {
                assertThat(server.requests).hasSize(30);
            }
        }
    }

    /** Counts requests in progress: a connection in use, unlike an open one, is in use at both ends. */
    private static Server at(String address, AtomicInteger all, AtomicInteger most, AtomicInteger mostPerHost)
            throws Exception {
        AtomicInteger own = new AtomicInteger();
        return Server.answeringMany(
                new ServerSocket(0, 1000, InetAddress.getByName(address)), (connection, request) -> {
                    most.accumulateAndGet(all.incrementAndGet(), Math::max);
                    mostPerHost.accumulateAndGet(own.incrementAndGet(), Math::max);
                    own.decrementAndGet();
                    all.decrementAndGet();
                    Server.write(connection, PAGE);
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npa\r\n2;x=y\r\nge\r\n0\r\nTrailer: t\r\n\r\n",
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"
            })
    void an_answer_that_says_where_it_ends_leaves_the_connection_usable(String answer) throws Exception {
        try (Server server = Server.answeringMany((connection, request) -> Server.write(connection, answer))) {
            Cli.Result result = Cli.runHere("fetch", "--keep", "-t", "1", "-n", "3", server.url("/"));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.gotLines()).hasSize(3).allMatch(line -> line.startsWith("Got " + answer.length() + " "));
            assertThat(server.connections()).isOne();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny",
                "HTTP/1.1 204 No Content\r\n\r\nunasked"
            })
    void one_that_ends_it_or_is_followed_by_more_is_answered_with_a_new_connection(String answer) throws Exception {
        try (Server server = Server.answeringMany((connection, request) -> Server.write(connection, answer))) {
            Cli.Result result = Cli.runHere("fetch", "--keep", "-t", "1", "-n", "3", server.url("/"));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.lastLine()).startsWith("1 thread, 3 connections for 3 requests, most open at once 1, ");
            assertThat(server.connections()).isEqualTo(3);
        }
    }

    @Test
    void an_answer_that_ends_with_its_connection_is_whole() throws Exception {
        String answer = "HTTP/1.1 200 OK\r\n\r\nto the end";
        try (Server server = Server.sending(answer)) {
            Cli.Result result = Cli.runHere("fetch", "--keep", "-t", "1", "-n", "2", server.url("/"));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.gotLines()).hasSize(2).allMatch(line -> line.startsWith("Got " + answer.length() + " "));
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void a_request_that_a_kept_connection_ended_under_is_sent_again_on_a_new_one() throws Exception {
        // The server reads the second request of a connection and closes: no check before it could have told.
        AtomicInteger closed = new AtomicInteger();
        List<Object> seen = new ArrayList<>(); // by one connection at a time
        try (Server server = Server.answeringMany((connection, request) -> {
            if (seen.contains(connection)) {
                closed.incrementAndGet();
                connection.close();
            } else {
                seen.add(connection);
                Server.write(connection, PAGE);
            }
        })) {
            Cli.Result result = Cli.runHere("fetch", "--json", "--keep", "-t", "1", "-n", "4", server.url("/"));

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            Map<?, ?> summary = (Map<?, ?>) Json.parse(result.out()).get("summary");
            assertThat(summary.get("succeeded")).isEqualTo(4L);
            assertThat(summary.get("repeated")).isEqualTo(3L);
            assertThat(summary.get("connections")).isEqualTo(4L);
            assertThat(summary.get("reuse")).isEqualTo("keep");
            assertThat(closed).hasValue(3);
        }
    }

    @Test
    void json_tells_which_requests_had_a_connection_that_was_used_before() throws Exception {
        try (Server server = Server.answeringMany((connection, request) -> Server.write(connection, PAGE))) {
            Cli.Result result = Cli.runHere("fetch", "--json", "--keep", "-t", "1", "-n", "3", server.url("/"));

            List<?> results = (List<?>) Json.parse(result.out()).get("results");
            assertThat(results.stream()
                            .map(one -> ((Map<?, ?>) one).get("reused"))
                            .toList())
                    .isEqualTo(List.of(false, true, true));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                                            | without a response",
                "'HTTP/1.1 200 OK\r\nContent-Le'                               | ends inside its header",
                "'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'          | ends early: 4 of 100 bytes of content",
                "'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'| ends early",
                "'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' | not valid HTTP",
                "'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy' | not valid HTTP",
                "'HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nhalf'            | not valid HTTP",
                "'HTTP/1.1 200 OK\r\nContent-Length: 4, 9\r\n\r\nhalf'          | not valid HTTP",
                "'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhalf' | not valid HTTP",
                "'SSH-2.0-garbage\r\n\r\n'                                     | not HTTP; it begins with \"SSH-2.0"
            })
    void a_broken_answer_is_one_failure_in_words_and_is_not_asked_for_again(String answer, String words)
            throws Exception {
        try (Server server = Server.sending(answer)) {
            Cli.Result result = Cli.runHere("fetch", "--keep", "-t", "1", server.url("/"));

            assertThat(result.status()).isEqualTo(1);
            assertThat(result.err().lines()).singleElement().asString().contains(words, "1 of 1 requests");
            assertThat(server.connections()).isOne();
        }
    }

    @Test
    void silence_and_endlessness_are_bounded_as_without_it() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (Server silent = new Server((connection, request) -> over.await());
                Server endless = new Server((connection, request) -> {
                    Server.write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
                    while (true) {
                        connection.getOutputStream().write(new byte[8192]);
                    }
                })) {
            Cli.Result first = Cli.runHere("fetch", "--keep", "-t", "1", "--timeout", "300ms", silent.url("/"));
            Cli.Result second = Cli.runHere("fetch", "--keep", "-t", "1", "--max-bytes", "100k", endless.url("/"));

            assertThat(first.status()).isEqualTo(1);
            assertThat(first.err()).contains("sent nothing for 0.3 s");
            assertThat(second.status()).isEqualTo(1);
            assertThat(second.err()).contains("longer than 102400 bytes");
        } finally {
            over.countDown();
        }
    }
}
