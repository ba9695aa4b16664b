package dev.perthread.cli.fetch;

import static dev.perthread.fuzz.Promises.holds;

import com.code_intelligence.jazzer.api.BugDetectors;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.perthread.IdlePolicy;
import dev.perthread.cli.console.Output;
import dev.perthread.fuzz.Peer;
import dev.perthread.fuzz.Promises;
import dev.perthread.net.Tls;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A whole fetch from a server that sends anything: one outcome, the bytes counted, lines to read, JSON that parses.
 */
public final class FetchFuzz {
    private static final int MOST = 4_096;
    private static final int PIECE = 8_192;
    private static final int KEPT = 0x10;
    private static final ConnectionSettings KEEPING =
            new ConnectionSettings(Tls.defaults(), null, IdlePolicy.KEEP, 0, 0);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Peer PEER = new Peer(true);

    private FetchFuzz() {}

    public static void fuzzerInitialize() {
        BugDetectors.allowNetworkConnections();
    }

    /** The first byte says where the others are cut, how the connection ends, and whether it would be kept. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        if (input.length == 0) {
            return;
        }
        byte[] sent = Arrays.copyOfRange(input, 1, input.length);
        boolean reset = input[0] < 0;
        boolean kept = (input[0] & KEPT) != 0;
        PEER.prepare(sent, input[0], reset);
        Target target = Target.parse("http://127.0.0.1:" + PEER.port() + "/\u00e9?q");
        FetchPlan plan = new FetchPlan(
                List.of(target),
                1,
                1,
                false,
                true,
                new FetchPlan.Bounds(PATIENCE, PATIENCE, MOST),
                kept ? KEEPING : ConnectionSettings.PLAIN);
        Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
        Summary summary;
        try (FetchRun run = new FetchRun(plan)) {
            run.start(outcomes::add);
            holds(run.await(PATIENCE.multipliedBy(2)), "does not end");
            summary = run.summary();
        }
        holds(outcomes.size() == 1, outcomes.size() + " outcomes");
        Outcome outcome = outcomes.remove();
        holds(outcome.bytes() <= Math.min(sent.length, MOST + PIECE), "read " + outcome.bytes() + " of " + sent.length);
        if (!reset
                && !kept) { // what had not been read by then is lost, and so may the connection be before it was used
            check(outcome, sent);
        }
        checkLines(outcome, summary);
        checkJson(outcome, summary);
    }

    private static void check(Outcome outcome, byte[] sent) {
        if (sent.length > MOST) {
            holds(!outcome.ended() && outcome.bytes() > MOST, "not given up, at " + outcome.bytes());
            return;
        }
        ResponseInspector expected = new ResponseInspector();
        expected.add(sent, 0, sent.length);
        holds(outcome.ended() && outcome.bytes() == sent.length, "got " + outcome.bytes() + " of " + sent.length);
        holds(outcome.status() == expected.status(), "status " + outcome.status());
        holds(Objects.equals(outcome.failure(), expected.complaint()), "failure " + outcome.failure());
    }

    private static void checkLines(Outcome outcome, Summary summary) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Output output = output(out, err);
        Report report = new TextReport(output, false, true);
        Failures failures = new Failures();
        if (outcome.failure() != null) {
            failures.add(outcome.target(), outcome.failure());
        }
        holds(report.outcome(outcome) && report.summary(summary), "cannot be written");
        failures.tell(output, 1);
        Promises.areLinesToRead(out.toString(StandardCharsets.UTF_8));
        Promises.areLinesToRead(err.toString(StandardCharsets.UTF_8));
    }

    private static void checkJson(Outcome outcome, Summary summary) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Report report = new JsonReport(output(out, new ByteArrayOutputStream()), false);
        holds(report.outcome(outcome) && report.summary(summary), "cannot be written");
        int failures = 0;
        try (JsonParser parser = new JsonFactory().createParser(out.toByteArray())) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.FIELD_NAME && parser.currentName().equals("failure")) {
                    token = parser.nextToken();
                    String told = token == JsonToken.VALUE_NULL ? null : parser.getText();
                    holds(Objects.equals(told, outcome.failure()), "told " + told);
                    failures++;
                }
            }
        }
        holds(failures == 1, "no outcome in " + out);
    }

    private static Output output(ByteArrayOutputStream out, ByteArrayOutputStream err) {
        return new Output(
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, false, StandardCharsets.UTF_8));
    }
}
