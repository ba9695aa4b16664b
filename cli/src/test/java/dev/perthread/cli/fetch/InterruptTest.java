package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.perthread.cli.Cli;
import dev.perthread.cli.Json;
import dev.perthread.cli.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ctrl-C in the middle, and a reader that goes away: everything is closed at once, and what was done is told. */
class InterruptTest {
    private final AtomicInteger answered = new AtomicInteger();

    @BeforeEach
    void signals_can_be_sent() throws IOException {
        Cli.Result tried = Cli.runAny(List.of("env", "--default-signal=INT,TERM", "true"), Path.of("."));
        assumeTrue(tried.status() == 0, "env knows --default-signal");
    }

    /** Answers the first requests, and then sends the beginning of a long one. */
    private Server server(int whole) throws IOException {
        return new Server((connection, request) -> {
            if (answered.incrementAndGet() <= whole) {
                Server.write(connection, Server.page(100));
                return;
            }
            Server.write(connection, "HTTP/1.0 200 OK\r\nContent-Length: 999999\r\n\r\nbegun");
            awaitEnd(connection.getInputStream().read());
        });
    }

    private static void awaitEnd(int read) throws IOException {
        if (read < 0) {
            throw new IOException("the client has closed"); // counted by the server
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void a_signal_closes_every_connection_and_tells_what_was_done(String signal, int status) throws Exception {
        try (Server server = server(6);
                Cli cli = Cli.startWithSignals("fetch", "-t", "4", "-n", "100", "--timeout", "60", server.url("/"))) {
            await().atMost(Duration.ofSeconds(30)).until(() -> server.openNow() == 4 && answered.get() == 10);

            long before = System.nanoTime();
            cli.signal(signal);
            Cli.Result result = cli.result();

            assertThat(result.status()).isEqualTo(status);
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .as("no waiting for the server")
                    .isLessThan(Duration.ofSeconds(30));
            assertThat(result.gotLines()).hasSize(6);
            assertThat(result.lastLine())
                    .startsWith("4 threads, 10 connections, most open at once ")
                    .endsWith("; interrupted, 6 of 400 requests done");
            assertThat(result.err()).as("what was cut off has not failed").isEmpty();
            await().untilAsserted(() -> assertThat(server.goneClients).hasValue(4));
            assertThat(server.openNow()).isZero();
        }
    }

    @Test
    void json_is_one_document_even_when_interrupted() throws Exception {
        try (Server server = server(3);
                Cli cli = Cli.startWithSignals("fetch", "-n", "100", "--json", "--timeout", "60", server.url("/"))) {
            await().atMost(Duration.ofSeconds(30)).until(() -> server.openNow() == 2 && answered.get() == 5);

            cli.signal("INT");
            Cli.Result result = cli.result();

            assertThat(result.status()).isEqualTo(130);
            Map<?, ?> document = Json.parse(result.out());
            assertThat((List<?>) document.get("results")).hasSize(3);
            assertThat(((Map<?, ?>) document.get("summary")).get("interrupted")).isEqualTo(true);
            assertThat(((Map<?, ?>) document.get("summary")).get("succeeded")).isEqualTo(3L);
        }
    }

    @Test
    void the_site_alone_runs_until_ctrl_c() throws Exception {
        try (Cli site = Cli.startWithSignals("serve")) {
            site.awaitOut(" until Ctrl-C");
            String url = site.out().replaceAll("(?s).*(http://\\S+/) until.*", "$1");

            Cli.Result pages = Cli.run(
                    "fetch",
                    "-t",
                    "1",
                    url,
                    url + "index.html",
                    url + "1k.txt",
                    url + "64k.txt",
                    url + "1m.txt",
                    url + "else");
            assertThat(pages.status()).isZero();
            assertThat(pages.gotLines()).hasSize(6);
            assertThat(size(pages.gotLines().get(2))).isBetween(1024 + 50, 1024 + 500);
            assertThat(size(pages.gotLines().get(3))).isBetween(65_536 + 50, 65_536 + 500);
            assertThat(size(pages.gotLines().get(4))).isBetween(1_048_576 + 50, 1_048_576 + 500);
            assertThat(pages.gotLines().get(5)).endsWith("/else  (status 404)");

            site.signal("INT");
            assertThat(site.result().status()).isEqualTo(130);
            assertThat(site.err()).isEmpty();
        }
    }

    private static int size(String line) {
        return Integer.parseInt(line.replaceAll("Got (\\d+) bytes .*", "$1"));
    }

    @Test
    void it_stops_when_the_reader_of_its_lines_has_gone() throws Exception {
        try (Server server = Server.sending(Server.page(10))) {
            Process process = new ProcessBuilder(Cli.command("fetch", "-n", "100000000", server.url("/")))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                try (BufferedReader lines =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                    assertThat(lines.readLine()).startsWith("Got ");
                }
                assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).isEqualTo(1);
            } finally {
                process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
            }
        }
    }
}
