package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** perthread fetch --unix: requests through a Unix domain socket, whatever host the URL names. */
class UnixFetchTest {
    private static final String PAGE = UnixServer.PAGE;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"--unix", "--unix-socket"})
    void every_thread_has_its_own_connection_to_the_socket(String option) throws Exception {
        Path socket = directory.resolve("s");
        try (UnixServer server = new UnixServer(socket, 1)) {
            Cli.Result result = Cli.run("fetch", "-t", "3", option, socket.toString(), "http://app.example/status");

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.gotLines())
                    .hasSize(3)
                    .allMatch(
                            line -> line.startsWith("Got " + PAGE.length() + " ") && line.endsWith("  unix:" + socket));
            assertThat(server.connections()).isEqualTo(3);
            assertThat(server.requests)
                    .hasSize(3)
                    .allMatch("GET /status HTTP/1.0\r\nHost: app.example\r\n\r\n"::equals);
        }
    }

    @Test
    void it_can_be_kept_and_a_connection_that_the_server_ends_is_replaced() throws Exception {
        Path socket = directory.resolve("s");
        try (UnixServer server = new UnixServer(socket, 5)) {
            Cli.Result result =
                    Cli.run("fetch", "-q", "--keep", "-n", "20", "--unix", socket.toString(), "http://localhost/");

            assertThat(result.err()).isEmpty();
            assertThat(result.status()).isZero();
            assertThat(result.lastLine()).startsWith("2 threads, 8 connections for 40 requests (6 replaced), ");
            assertThat(server.connections()).isEqualTo(8);
            assertThat(server.requests).hasSize(40);
        }
    }

    @Test
    void a_socket_that_is_not_there_is_told() throws Exception {
        Path socket = directory.resolve("none");
        Cli.Result result = Cli.run("fetch", "--unix", socket.toString(), "http://localhost/");

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines())
                .singleElement()
                .asString()
                .contains("cannot connect to unix:" + socket, "No such file or directory", "2 of 2 requests");
    }
}
