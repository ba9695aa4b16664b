package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import dev.perthread.cli.Json;
import dev.perthread.cli.Server;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** perthread fetch, run as a process: what it does, and what it says it did. */
class FetchTest {
    private static final Pattern GOT = Pattern.compile("Got (?<bytes>\\d+) bytes {2}thread (?<thread>fetch-\\d+) {2}"
            + "127\\.0\\.0\\.1:(?<local>\\d+) -> 127\\.0\\.0\\.1:(?<remote>\\d+)(?: {2}(?<path>/\\S*))?");

    private static String group(String line, String name) {
        Matcher parts = GOT.matcher(line);
        assertThat(parts.matches()).as(line).isTrue();
        return parts.group(name);
    }

    @Test
    void two_threads_get_the_page_each_through_a_socket_of_its_own() throws Exception {
        String page = Server.page(5000);
        try (Server server = Server.sending(page)) {
            Cli.Result result = Cli.run("fetch", server.url("/index.html"));

            assertThat(result.status()).isZero();
            assertThat(result.err()).isEmpty();
            assertThat(result.gotLines()).hasSize(2).allSatisfy(line -> {
                assertThat(group(line, "bytes")).isEqualTo(String.valueOf(page.length()));
                assertThat(group(line, "remote")).isEqualTo(String.valueOf(server.port()));
                assertThat(group(line, "path")).isNull();
            });
            assertThat(result.gotLines())
                    .extracting(line -> group(line, "thread"))
                    .containsExactlyInAnyOrder("fetch-1", "fetch-2");
            assertThat(result.gotLines())
                    .extracting(line -> Integer.valueOf(group(line, "local")))
                    .doesNotHaveDuplicates()
                    .containsExactlyInAnyOrderElementsOf(server.clientPorts);
            assertThat(result.lines()).hasSize(3);
            assertThat(result.lastLine())
                    .matches("2 threads, 2 connections, most open at once [12], " + 2 * page.length()
                            + " bytes, \\d+\\.\\d{3} s");
        }
    }

    @Test
    void eight_threads_have_eight_connections_open_at_once() throws Exception {
        CyclicBarrier all = new CyclicBarrier(8);
        try (Server server = new Server((connection, request) -> {
            all.await(30, TimeUnit.SECONDS);
            Server.write(connection, Server.page(10));
        })) {
            Cli.Result result = Cli.run("fetch", server.url("/"), "--threads", "8");

            assertThat(result.status()).isZero();
            assertThat(result.lastLine()).startsWith("8 threads, 8 connections, most open at once 8, ");
            assertThat(server.connections()).isEqualTo(8);
            assertThat(server.peak()).isEqualTo(8);
        }
    }

    @Test
    void every_request_has_a_new_connection_and_every_thread_one_at_a_time() throws Exception {
        try (Server server = Server.sending(Server.page(100))) {
            Cli.Result result = Cli.run("fetch", "-t", "3", "-n", "5", server.url("/"));

            assertThat(result.status()).isZero();
            assertThat(result.gotLines()).hasSize(15);
            assertThat(result.gotLines())
                    .filteredOn(line -> line.contains("thread fetch-2 "))
                    .hasSize(5);
            assertThat(result.lastLine()).matches("3 threads, 15 connections, most open at once [123], .*");
            assertThat(server.connections()).isEqualTo(15);
        }
    }

    @Test
    void every_thread_fetches_every_url_and_the_lines_tell_which() throws Exception {
        try (Server one = Server.sending(Server.page(11));
                Server other = Server.sending(Server.page(22))) {
            Cli.Result result = Cli.run("fetch", one.url("/a?q=1"), one.url("/b"), other.url(""));

            assertThat(result.status()).isZero();
            assertThat(result.gotLines())
                    .extracting(line -> group(line, "path"))
                    .containsExactlyInAnyOrder("/a?q=1", "/a?q=1", "/b", "/b", "/", "/");
            assertThat(result.lastLine()).startsWith("2 threads, 6 connections, ");
            assertThat(one.connections()).isEqualTo(4);
            assertThat(other.connections()).isEqualTo(2);
        }
    }

    @Test
    void the_request_is_the_recipes_to_the_byte() throws Exception {
        try (Server server = Server.sending(Server.page(1))) {
            String host = "\r\nHost: 127.0.0.1:" + server.port() + "\r\n\r\n";

            Cli.run("fetch", "-t", "1", server.url("/a/b%20c?d=e&f#part"), server.url(""), server.url("?x"));

            assertThat(server.requests)
                    .containsExactly(
                            "GET /a/b%20c?d=e&f HTTP/1.0" + host, "GET / HTTP/1.0" + host, "GET /?x HTTP/1.0" + host);
        }
    }

    @Test
    void quiet_leaves_the_summary_alone() throws Exception {
        try (Server server = Server.sending(Server.page(1))) {
            Cli.Result result = Cli.run("fetch", "-q", "-t", "50", "-n", "4", server.url("/"));

            assertThat(result.status()).isZero();
            assertThat(result.lines()).hasSize(1);
            assertThat(result.out()).startsWith("50 threads, 200 connections, ");
            assertThat(result.err()).as("no progress bar where nobody sees it").isEmpty();
        }
    }

    @Test
    void a_run_that_takes_long_has_a_progress_bar_on_a_terminal_and_standard_output_none_of_it() throws Exception {
        CountDownLatch seen = new CountDownLatch(1);
        try (Server server = new Server((connection, request) -> {
            seen.await();
            Server.write(connection, Server.page(1));
        })) {
            List<String> command = new ArrayList<>(Cli.command("fetch", server.url("/")));
            command.add(1, "-Dperthread.progress=true"); // what the launcher says on a terminal
            try (Cli cli = Cli.startAny(command, Path.of("."))) {
                cli.awaitErr("2 open");
                assertThat(cli.err()).contains("fetch   0% [", "0/2");
                seen.countDown();

                Cli.Result result = cli.result();
                assertThat(result.status()).isZero();
                assertThat(result.err()).as("the bar is gone at the end").endsWith("\r\u001b[K");
                assertThat(result.out()).doesNotContain("\r", "\u001b", "%");
                assertThat(result.lines()).hasSize(3);
            } finally {
                seen.countDown();
            }
        }
    }

    @Test
    void another_status_than_200_is_told_and_is_no_failure() throws Exception {
        try (Server server = Server.sending("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")) {
            Cli.Result result = Cli.run("fetch", "-t", "1", server.url("/"));

            assertThat(result.status()).isZero();
            assertThat(result.gotLines()).singleElement().asString().endsWith("  (status 404)");
        }
    }

    @Test
    void without_a_url_it_fetches_from_its_own_site_and_says_so() throws Exception {
        Cli.Result result = Cli.run("fetch");

        assertThat(result.status()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.lines()).hasSize(4);
        assertThat(result.lines().get(0))
                .matches("no URL given; fetching from a small built-in server at http://127\\.0\\.0\\.1:\\d+/");
        assertThat(result.gotLines())
                .hasSize(2)
                .allSatisfy(line ->
                        assertThat(Integer.parseInt(group(line, "bytes"))).isBetween(3000, 20_000));
        assertThat(result.gotLines()).extracting(line -> group(line, "local")).doesNotHaveDuplicates();
    }

    @Test
    void json_is_one_document_with_results_and_a_summary() throws Exception {
        String page = Server.page(300);
        try (Server server = Server.sending(page)) {
            Cli.Result result = Cli.run("fetch", "--json", "-n", "2", server.url("/x"));

            assertThat(result.status()).isZero();
            assertThat(result.err()).isEmpty();
            Map<?, ?> document = Json.parse(result.out());
            assertThat((List<?>) document.get("results")).hasSize(4).allSatisfy(entry -> {
                Map<?, ?> one = (Map<?, ?>) entry;
                assertThat(one.get("url")).isEqualTo(server.url("/x"));
                assertThat(one.get("bytes")).isEqualTo((long) page.length());
                assertThat(one.get("status")).isEqualTo(200L);
                assertThat(one.get("failure")).isNull();
                assertThat(one.get("remote")).isEqualTo("127.0.0.1:" + server.port());
                assertThat((String) one.get("local")).startsWith("127.0.0.1:");
            });
            Map<?, ?> summary = (Map<?, ?>) document.get("summary");
            assertThat(summary.get("threads")).isEqualTo(2L);
            assertThat(summary.get("connections")).isEqualTo(4L);
            assertThat(summary.get("succeeded")).isEqualTo(4L);
            assertThat(summary.get("failed")).isEqualTo(0L);
            assertThat(summary.get("bytes")).isEqualTo(4L * page.length());
            assertThat(summary.get("interrupted")).isEqualTo(false);
        }
    }

    @Test
    void json_has_standard_output_to_itself_also_without_a_url() throws Exception {
        Cli.Result result = Cli.run("fetch", "--json");

        assertThat(result.status()).isZero();
        assertThat((List<?>) Json.parse(result.out()).get("results")).hasSize(2);
        assertThat(result.err()).startsWith("perthread: no URL given; fetching from a small built-in server at ");
    }

    @Test
    void virtual_threads_are_used_where_java_has_them_and_refused_in_one_sentence_where_not() throws Exception {
        try (Server server = Server.sending(Server.page(10))) {
            Cli.Result result = Cli.run("fetch", "--virtual", "-t", "100", server.url("/"));

            if (Runtime.version().feature() >= 21) {
                assertThat(result.status()).isZero();
                assertThat(result.gotLines())
                        .extracting(line -> group(line, "thread"))
                        .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 100)
                                .mapToObj(number -> "fetch-" + number)
                                .toList());
                assertThat(result.lastLine()).startsWith("100 threads, 100 connections, ");
            } else {
                assertThat(result.status()).isEqualTo(2);
                assertThat(result.out()).isEmpty();
                assertThat(result.err().lines())
                        .singleElement()
                        .asString()
                        .contains("needs Java 21 or later", "Java 17");
                assertThat(server.connections()).isZero();
            }
        }
    }

    @Test
    void demo_server_answers_while_many_requests_are_unfinished() throws Exception {
        try (Cli serve = Cli.start("serve")) {
            serve.awaitOut(" until Ctrl-C");
            String url = serve.out().replaceAll("(?s).*(http://\\S+/) until.*", "$1");
            List<Socket> unfinished = new ArrayList<>();
            try {
                for (int i = 0; i < 100; i++) {
                    Socket socket = new Socket(
                            InetAddress.getLoopbackAddress(), URI.create(url).getPort());
                    unfinished.add(socket);
                    Server.write(socket, "GET / HTTP/1.1\r\nHo");
                }

                Cli.Result result = Cli.run("fetch", "--timeout", "30", url);

                assertThat(result.err()).isEmpty();
                assertThat(result.gotLines()).hasSize(2);
            } finally {
                for (Socket socket : unfinished) {
                    socket.close();
                }
            }
        }
    }
}
