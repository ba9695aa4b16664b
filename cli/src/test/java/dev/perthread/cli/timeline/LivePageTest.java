package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.awaitility.Awaitility.await;

import dev.perthread.testkit.NothingLeftBehind;
import java.nio.file.Path;
import java.time.Duration;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;

/** The page of a running program, in a real browser: follows what happens, waits while it is looked at, and tells its end. */
@Tag(NothingLeftBehind.TOOLS_STAY)
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "a page is the same on every Java: see TimelineTest")
class LivePageTest {
    private static final int MORE_MARKS =
            2; // of doing it once more: a resource leaks only once, and is closed only once

    private static Chromium chromium;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        chromium = Chromium.start();
    }

    @AfterAll
    static void end() {
        if (chromium != null) {
            chromium.close();
        }
    }

    /** A page whose server has ended would complain of that in the next test. */
    @AfterEach
    void leave() {
        chromium.driver().get("about:blank");
        chromium.complaints();
    }

    /** As if a program did the same once more. */
    private void happen(LiveTimeline timeline) throws Exception {
        Path recording = directory.resolve("known.jfr");
        Recordings.known(recording);
        RecordingFile.readAllEvents(recording).forEach(timeline::add);
    }

    private static String liveness() {
        return chromium.element("liveness").getText();
    }

    @Test
    void page_mustFollowTheProgram_waitWhileItIsLookedAt_andTellTheEnd() throws Exception {
        LiveTimeline timeline = new LiveTimeline("process 1</script><b>");
        LiveServer server = LiveServer.start(0, Duration.ofMillis(50), timeline);
        try (server) {
            chromium.driver().get(server.url());
            assertThat(chromium.state("lanes")).isZero();
            happen(timeline);
            await().until(() -> chromium.state("marks") == Recordings.KNOWN_MARKS); // the last that happens is one
            assertThat(chromium.state("lanes")).isEqualTo(2);
            // By one script each: between two calls the page may have replaced what was found.
            assertThat(chromium.evaluate("return document.querySelector(`[data-name='leak'] dd`).textContent"))
                    .isEqualTo("1");
            assertThat(chromium.element("source").getText()).startsWith("process 1</script><b>, ");
            assertThat(chromium.driver().findElements(By.tagName("b"))).isEmpty();
            assertThat(liveness()).startsWith("Live");

            chromium.element("chart").sendKeys("v"); // a view once chosen stays
            happen(timeline);
            await().until(() -> chromium.state("marks") == Recordings.KNOWN_MARKS + MORE_MARKS);
            assertThat(chromium.evaluate("return timeline.state().view")).isEqualTo("thread");

            chromium.element("chart").sendKeys(".");
            assertThat(liveness()).isEqualTo("Paused.");
            String selected = chromium.element("detail").getText();
            happen(timeline);
            assertThat(chromium.element("detail").getText()).isEqualTo(selected).isNotEmpty();
            chromium.press(chromium.element("pause"));
            await().until(() -> chromium.state("marks") == Recordings.KNOWN_MARKS + 2 * MORE_MARKS);
            assertThat(chromium.complaints()).isEmpty();
        }
        await().until(() -> liveness().contains("This is what it showed last."));
        assertThat(chromium.state("marks")).isEqualTo(Recordings.KNOWN_MARKS + 2 * MORE_MARKS);
    }

    @Test
    void view_mustStay_whereSomebodyHasZoomed() throws Exception {
        LiveTimeline timeline = new LiveTimeline("program");
        try (LiveServer server = LiveServer.start(0, Duration.ofMillis(50), timeline)) {
            happen(timeline);
            chromium.driver().get(server.url());
            await().until(() -> liveness().startsWith("Live"));
            chromium.element("chart").sendKeys("++");
            long from = chromium.state("from");
            long span = chromium.state("to") - from;
            happen(timeline);
            await().until(() -> chromium.state("marks") == Recordings.KNOWN_MARKS + MORE_MARKS);
            assertThat(chromium.state("from")).isCloseTo(from, withPercentage(0.001));
            assertThat(chromium.state("to") - from).isCloseTo(span, withPercentage(0.001));
        }
    }
}
