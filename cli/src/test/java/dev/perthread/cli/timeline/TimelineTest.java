package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.cli.Cli;
import dev.perthread.cli.Server;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.timeline.Timeline.Kind;
import dev.perthread.cli.timeline.Timeline.Span;
import dev.perthread.cli.timeline.Timeline.Trouble;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import outside.Forgetful;

/**
 * perthread timeline, but for its page: what is read out of recordings, the text form, and files that are not what
 * they should be.
 */
class TimelineTest {
    private static final int CUTS = 40;

    @TempDir
    Path directory;

    private Path file(String name) {
        return directory.resolve(name);
    }

    private static void assertRefused(Cli.Result result, String... words) {
        assertThat(result.status()).as(result.out()).isEqualTo(1);
        assertThat(result.err().lines())
                .singleElement()
                .asString()
                .startsWith("perthread: ")
                .contains(words);
        assertThat(result.err()).doesNotContain("\tat ");
        assertThat(result.out()).isEmpty();
    }

    @Test
    void tells_openings_leases_idle_waits_closings_and_what_went_wrong() throws Exception {
        Recordings.known(file("known.jfr"));
        Timeline timeline = TimelineReader.read(file("known.jfr"));

        assertThat(timeline.lanes())
                .extracting(Timeline.Lane::thread)
                .containsExactly("fetch-1", Recordings.EVIL, "leaker");
        assertThat(timeline.count(Kind.OPENING)).isEqualTo(Recordings.KNOWN_OPENINGS);
        assertThat(timeline.count(Kind.LEASED)).isEqualTo(Recordings.KNOWN_LEASES);
        assertThat(timeline.count(Kind.IDLE)).isEqualTo(Recordings.KNOWN_IDLE);
        assertThat(timeline.count(Kind.CLOSING)).isEqualTo(Recordings.KNOWN_CLOSINGS);
        assertThat(timeline.count(Kind.WAITING)).isEqualTo(Recordings.KNOWN_WAITS);
        assertThat(timeline.marks())
                .extracting(Timeline.Mark::trouble)
                .containsExactly(Trouble.OPEN_FAILED, Trouble.NOT_SERVED, Trouble.LEAK, Trouble.CLOSE_FAILED);
        assertThat(timeline.spans()).allSatisfy(span -> {
            assertThat(span.from()).isBetween(0L, span.to());
            assertThat(span.to()).isLessThanOrEqualTo(timeline.nanos());
        });
    }

    @Test
    void what_is_open_is_leased_or_idle_without_a_gap_until_it_is_closed() throws Exception {
        Recordings.known(file("known.jfr"));
        Timeline timeline = TimelineReader.read(file("known.jfr"));

        List<Span> first = timeline.spans().stream()
                .filter(span -> span.resource() >= 0
                        && timeline.resources().get(span.resource()).id() == 1
                        && span.kind() != Kind.OPENING)
                .toList();
        assertThat(first)
                .extracting(Span::kind)
                .containsExactly(Kind.LEASED, Kind.IDLE, Kind.LEASED, Kind.IDLE, Kind.LEASED, Kind.IDLE, Kind.CLOSING);
        for (int n = 1; n < first.size(); n++) {
            assertThat(first.get(n).from()).isEqualTo(first.get(n - 1).to());
        }
    }

    @Test
    void an_event_that_lost_its_names_has_those_of_the_others() throws Exception {
        Recordings.record(
                file("known.jfr"),
                () -> Recordings.thread("fetch-1", () -> {
                    Recordings.leaseWithoutWords(1);
                    Recordings.lease(1, null);
                }));
        Timeline timeline = TimelineReader.read(file("known.jfr"));

        assertThat(timeline.lanes()).extracting(Timeline.Lane::thread).containsExactly("fetch-1");
        assertThat(timeline.resources()).singleElement().isEqualTo(new Timeline.Resource(0, 1));
        assertThat(timeline.pools())
                .singleElement()
                .extracting(Timeline.Pool::name)
                .isEqualTo("sockets");
        assertThat(timeline.count(Kind.LEASED)).isEqualTo(2);
    }

    /** The library's own events, of a real holder. */
    @ParameterizedTest
    @MethodSource("dev.perthread.testkit.ThreadKind#available")
    void a_lent_resource_travels_and_a_leak_is_found(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        Recordings.record(file("real.jfr"), () -> {
            try (PerThread<Probe, RuntimeException> holder = PerThread.<Probe, RuntimeException>builder(Probe::new)
                    .name("probes")
                    .whenIdle(IdlePolicy.LEND)
                    .limit(1)
                    .trace(true)
                    .build()) {
                for (int thread = 0; thread < 2; thread++) {
                    join(kind, () -> {
                        try (Lease<Probe> lease = holder.acquire()) {
                            lease.get();
                            lease.done();
                        }
                    });
                }
                join(kind, () -> Forgetful.leak(holder));
                holder.reap();
            }
        });
        Timeline timeline = TimelineReader.read(file("real.jfr"));

        assertThat(timeline.lanes()).hasSize(3);
        assertThat(timeline.resources()).hasSize(1);
        assertThat(timeline.count(Kind.OPENING)).isEqualTo(1);
        Set<Integer> lanes = timeline.spans().stream()
                .filter(span -> span.kind() == Kind.LEASED)
                .map(Span::lane)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(lanes).containsExactly(0, 1, 2);
        assertThat(timeline.count(Kind.LEASED)).isEqualTo(3);
        assertThat(timeline.marks()).singleElement().satisfies(leak -> {
            assertThat(leak.trouble()).isEqualTo(Trouble.LEAK);
            assertThat(leak.lane()).isEqualTo(2);
            assertThat(leak.stack()).contains("outside.Forgetful.leak");
        });
    }

    private static void join(ThreadKind kind, Runnable work) throws InterruptedException {
        kind.start(work).join();
    }

    @Test
    void the_text_form_is_as_wide_as_it_should_be_and_shows_the_way_of_a_resource() throws Exception {
        Recordings.known(file("known.jfr"));
        Cli.Result result =
                Cli.run("timeline", file("known.jfr").toString(), "--text", "--by", "thread", "--width", "80");

        assertThat(result.status()).as(result.err()).isZero();
        List<String> lanes =
                result.lines().stream().filter(line -> line.endsWith("|")).toList();
        assertThat(lanes)
                .hasSize(Recordings.KNOWN_LANES)
                .allSatisfy(line -> assertThat(line).hasSize(80));
        assertThat(result.lines()).filteredOn(line -> line.startsWith("! ")).hasSize(Recordings.KNOWN_MARKS);

        // So wide that all has a column of its own, even if a busy machine made one part of it a thousand times as
        // long.
        List<String> wide = Cli.runHere(
                        "timeline", file("known.jfr").toString(), "--text", "--by", "thread", "--width", "10000")
                .lines()
                .stream()
                .filter(line -> line.endsWith("|"))
                .toList();
        assertThat(wide.get(0)).startsWith("fetch-1").contains("1", "~", "-");
        assertThat(wide.get(1)).contains("1", ".").doesNotContain("2");
        assertThat(wide.get(2)).contains("2", "!");
    }

    @Test
    void without_leases_it_says_so_and_how_to_get_them() throws Exception {
        Recordings.record(
                file("no-leases.jfr"),
                () -> Recordings.thread("fetch-1", () -> {
                    Recordings.open(1);
                    Recordings.close(1, "EVICTED");
                }));
        Cli.Result result = Cli.run("timeline", file("no-leases.jfr").toString());

        assertThat(result.status()).isZero();
        assertThat(result.out()).contains("no leases were recorded", "perthread.jfc");
        assertThat(Files.readString(file("no-leases.html"))).contains("no leases were recorded");
    }

    /** The JDK's reader would wait for the rest of it for ever. */
    @ParameterizedTest
    @CsvSource({"24, 8, 0", "64, 1, -1"}) // nothing known of the types of events; a state that says: not now
    @Timeout(60)
    void a_recording_whose_header_was_never_finished_is_refused(int from, int bytes, byte value) throws Exception {
        Recordings.known(file("whole.jfr"));
        byte[] recording = Files.readAllBytes(file("whole.jfr"));
        Arrays.fill(recording, from, from + bytes, value);
        Path part = Files.write(file("part.jfr"), recording);
        assertRefused(Cli.runHere("timeline", part.toString()), "part.jfr", "the header at byte 0 is not finished");
    }

    @Test
    void a_recording_that_is_cut_off_anywhere_is_refused_in_one_line() throws Exception {
        Recordings.known(file("whole.jfr"));
        byte[] whole = Files.readAllBytes(file("whole.jfr"));
        for (int cut = 1; cut < CUTS; cut++) {
            Path part = file("part.jfr");
            Files.write(part, Arrays.copyOf(whole, (int) ((long) whole.length * cut / CUTS)));
            assertThat(failure(part))
                    .as("cut %d of %d", cut, CUTS)
                    .contains("part.jfr: ")
                    .contains("cut off");
        }
        Path part = file("part.jfr");
        Files.write(part, Arrays.copyOf(whole, whole.length / 2));
        assertRefused(Cli.runHere("timeline", part.toString()), "part.jfr", "cut off or damaged");
        assertThat(file("part.html")).doesNotExist();
    }

    private static String failure(Path recording) {
        try {
            TimelineReader.read(recording);
            return "";
        } catch (CommandFailure e) {
            return ErrorMessages.of(e);
        }
    }

    @Test
    void an_empty_file_a_text_a_directory_and_a_missing_file_are_told_apart() throws Exception {
        Files.createFile(file("empty.jfr"));
        Files.writeString(file("text.jfr"), "Flight recordings begin with FLR and a zero byte.\n");

        assertRefused(Cli.runHere("timeline", file("empty.jfr").toString()), "empty.jfr", "an empty file");
        assertRefused(
                Cli.runHere("timeline", file("text.jfr").toString(), "--text"), "text.jfr", "not a flight recording");
        assertRefused(Cli.runHere("timeline", directory.toString()), "a directory");
        assertRefused(Cli.runHere("timeline", file("missing.jfr").toString()), "missing.jfr", "no such file");
    }

    @Test
    void a_recording_of_a_program_without_holders_is_refused() throws Exception {
        Recordings.record(file("other.jfr"), () -> {});

        assertRefused(
                Cli.runHere("timeline", file("other.jfr").toString()), "other.jfr", "no PerThread events among its");
    }

    @Test
    void an_output_that_cannot_be_written_is_told() throws Exception {
        Recordings.known(file("known.jfr"));
        String recording = file("known.jfr").toString();

        assertRefused(
                Cli.runHere("timeline", recording, "-o", file("none/page.html").toString()),
                "none/page.html",
                "cannot be written to (no such directory)");
        assertRefused(Cli.runHere("timeline", recording, "-o", directory.toString()), "cannot be written to");
        Cli.Result itself = Cli.runHere("timeline", recording, "-o", recording);
        assertThat(itself.status()).isEqualTo(2);
        assertThat(itself.err()).contains("--output must be another file than the recording");
        assertThat(failure(file("known.jfr"))).isEmpty();
    }

    @Test
    void a_page_that_is_there_already_is_overwritten_only_if_asked() throws Exception {
        Recordings.known(file("known.jfr"));
        String recording = file("known.jfr").toString();
        Files.writeString(file("known.html"), "mine");
        Files.writeString(file("other.html"), "mine too");

        assertRefused(Cli.runHere("timeline", recording), "known.html", "exists already", "--force");
        assertRefused(
                Cli.runHere("timeline", recording, "-o", file("other.html").toString()), "other.html", "--force");
        assertThat(file("known.html")).hasContent("mine");
        assertThat(file("other.html")).hasContent("mine too");
        Cli.Result forced = Cli.runHere("timeline", recording, "--force");
        assertThat(forced.status()).as(forced.err()).isZero();
        assertThat(Files.readString(file("known.html"))).startsWith("<!DOCTYPE html>");
    }

    /** Whoever made the recording chose how long its names are. */
    @Test
    void very_long_names_are_cut() throws Exception {
        Recordings.record(
                file("long.jfr"),
                () -> Recordings.thread("x".repeat(100_000), () -> {
                    Recordings.open(1);
                    Recordings.lease(1, null);
                }));
        Timeline timeline = TimelineReader.read(file("long.jfr"));

        assertThat(timeline.lanes())
                .singleElement()
                .extracting(Timeline.Lane::thread)
                .asString()
                .hasSize(200);
    }

    @Test
    void fetch_records_and_draws_what_it_did() throws Exception {
        Cli.Result result = Cli.run(
                "fetch",
                "-q",
                "-t",
                "4",
                "-n",
                "5",
                "--lend",
                "--limit",
                "2",
                "--record",
                file("fetch.jfr").toString(),
                "--timeline",
                file("fetch.html").toString());

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.err()).isEmpty();
        Timeline timeline = TimelineReader.read(file("fetch.jfr"));
        assertThat(timeline.lanes())
                .extracting(Timeline.Lane::thread)
                .contains("fetch-1", "fetch-2", "fetch-3", "fetch-4");
        assertThat(timeline.count(Kind.LEASED)).isEqualTo(20);
        assertThat(timeline.count(Kind.OPENING)).isEqualTo(2);
        assertThat(timeline.count(Kind.CLOSING)).isEqualTo(2);
        assertThat(Files.readString(file("fetch.html"))).contains("\"fetch-4\"");
    }

    @Test
    void fetch_draws_without_keeping_the_recording() throws Exception {
        Cli.Result result =
                Cli.run("fetch", "-q", "--timeline", file("only.html").toString());

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(Files.readString(file("only.html"))).contains("\"fetch-2\"");
        assertThat(directory).isDirectoryNotContaining("glob:**.jfr");
    }

    @Test
    void fetch_opens_nothing_if_it_could_not_write_what_it_records() throws Exception {
        try (Server server = Server.sending(Server.page(10))) {
            assertRefused(
                    Cli.runHere(
                            "fetch",
                            server.url("/"),
                            "--record",
                            file("none/a.jfr").toString()),
                    "none/a.jfr",
                    "cannot be written to");
            assertRefused(
                    Cli.runHere("fetch", server.url("/"), "--timeline", directory.toString()), "cannot be written to");
            String both = file("both").toString();
            assertRefused(
                    Cli.runHere("fetch", server.url("/"), "--record", both, "--timeline", both), "must be two files");
            assertThat(server.connections()).isZero();
        }
    }

    @Test
    void after_ctrl_c_the_recording_is_there() throws Exception {
        try (Server server = new Server(
                        (connection, request) -> connection.getInputStream().read());
                Cli cli = Cli.startWithSignals(
                        "fetch", server.url("/"), "--record", file("cut.jfr").toString())) {
            await().until(() -> server.requests.size() == 2);
            cli.signal("INT");

            assertThat(cli.result().status()).isEqualTo(130);
        }
        Timeline timeline = TimelineReader.read(file("cut.jfr"));
        assertThat(timeline.count(Kind.OPENING)).isEqualTo(2);
        assertThat(timeline.count(Kind.LEASED)).isEqualTo(2);
    }

    /** The recording that is in the picture of the README, made by the commands of the page on observability. */
    @Test
    void the_example_of_the_readme_has_a_leak_waits_and_connections_that_travel() throws Exception {
        Path repository = Path.of("..");
        String command = Files.readString(repository.resolve("docs/observability.md"))
                .replace("\\\n", " ")
                .lines()
                .filter(line -> line.startsWith("java -XX:") && line.contains("who.jfr"))
                .findFirst()
                .orElseThrow()
                .replaceFirst("java", Cli.JAVA.toString())
                .replace("who.jfr", file("who.jfr").toString());
        Cli.Result program = Cli.runAny(List.of("sh", "-c", command), repository);
        assertThat(program.status()).as(program.err()).isZero();

        Timeline timeline = TimelineReader.read(file("who.jfr"));
        assertThat(timeline.lanes()).hasSize(6);
        assertThat(timeline.count(Trouble.LEAK)).isEqualTo(1);
        assertThat(timeline.count(Kind.WAITING)).isPositive();
        assertThat(timeline.spans().stream()
                        .filter(span -> span.kind() == Kind.LEASED && span.resource() == 0)
                        .map(Span::lane)
                        .distinct())
                .hasSizeGreaterThan(1);
    }
}
