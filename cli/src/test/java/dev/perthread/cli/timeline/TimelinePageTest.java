package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.awaitility.Awaitility.await;

import dev.perthread.cli.Cli;
import dev.perthread.testkit.NothingLeftBehind;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.interactions.WheelInput;

/**
 * The timeline's page, in a real browser: shows what the recording has, zooms, filters, and stays smooth with very
 * many bars.
 */
@Tag(NothingLeftBehind.TOOLS_STAY)
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "a page is the same on every Java: see TimelineTest")
class TimelinePageTest {
    /** More than are drawn, so that they are condensed; a million with {@code -Pcampaigns}. */
    private static final int LEASES = Boolean.getBoolean("perthread.campaign") ? 1_000_000 : 220_000;

    private static final int THREADS = LEASES / 10;
    private static final long LARGEST_PAGE = 16_000_000;
    private static final int NO_RED = 0x40; // a colour of the bars, not of an axis or letter

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

    private Path known() throws Exception {
        Path recording = directory.resolve("known.jfr");
        Recordings.known(recording);
        return page(recording);
    }

    /** With a lane per thread. */
    private void showByThread() throws Exception {
        chromium.show(known());
        chromium.element("chart").sendKeys("v");
        assertThat(chromium.evaluate("return timeline.state().view")).isEqualTo("thread");
    }

    private static Path page(Path recording) throws IOException {
        Path page = recording.resolveSibling("page.html");
        Cli.Result result = Cli.runHere("timeline", recording.toString(), "-o", page.toString());
        assertThat(result.status()).as(result.err()).isZero();
        return page;
    }

    private static Actions actions() {
        return new Actions(chromium.driver());
    }

    private static void wheelIn() {
        WebElement chart = chromium.element("chart");
        actions()
                .moveToElement(chart)
                .scrollFromOrigin(WheelInput.ScrollOrigin.fromElement(chart), 0, -300)
                .perform();
    }

    private static long span() {
        return chromium.state("to") - chromium.state("from");
    }

    @Test
    void shows_a_lane_for_each_thread_and_a_bar_for_each_thing_it_did() throws Exception {
        showByThread();
        assertThat(chromium.state("lanes")).isEqualTo(Recordings.KNOWN_LANES);
        assertThat(chromium.state("spans")).isEqualTo(Recordings.KNOWN_SPANS);
        assertThat(chromium.state("drawn")).isEqualTo(Recordings.KNOWN_SPANS);
        assertThat(chromium.state("marks")).isEqualTo(Recordings.KNOWN_MARKS);
        assertThat(chromium.total("threads")).isEqualTo("3");
        assertThat(chromium.total("leases")).startsWith(Recordings.KNOWN_LEASES + ",");
        assertThat(chromium.total("idle")).startsWith(Recordings.KNOWN_IDLE + ",");
        assertThat(chromium.total("leak")).isEqualTo("1");
        assertThat(colours()).hasSizeGreaterThanOrEqualTo(2); // two resources, on a canvas
        assertThat(chromium.complaints()).isEmpty();
    }

    @Test
    void shows_a_lane_for_each_resource_if_these_are_fewer_and_the_waits_above() throws Exception {
        chromium.show(known());
        assertThat(chromium.evaluate("return timeline.state().view")).isEqualTo("resource");
        assertThat(chromium.state("lanes")).isEqualTo(2);
        assertThat(chromium.state("sections")).isEqualTo(1);
        int withoutLane = Recordings.KNOWN_WAITS + 1; // an opening in vain has no resource
        assertThat(chromium.state("drawn")).isEqualTo(Recordings.KNOWN_SPANS - withoutLane);
        assertThat(String.valueOf(chromium.evaluate("return timeline.state().labels.join('|')")))
                .contains("sockets", "waiting", "leased", "#1", "#2");
        assertThat(colours()).hasSizeGreaterThanOrEqualTo(3); // three threads
        assertThat(chromium.complaints()).isEmpty();
    }

    @Test
    void answers_lead_to_the_bar() throws Exception {
        chromium.show(known());
        open("Histogram of waits");
        await().until(() -> Objects.requireNonNull(chromium.element("histogram").getDomAttribute("aria-label"))
                .startsWith("Histogram of waits: "));
        open("Call sites");
        awaitAnswers("app.Fetch.one(Fetch.java:11)", "p99");
        open("Closed, and why");
        awaitAnswers("THREAD_ENDED", "IDLE_TIMEOUT");
        open("Longest leases");
        awaitAnswers("The longest leases");
        chromium.press(chromium.driver().findElement(By.cssSelector("#answers .link")));
        assertThat(chromium.state("selected")).isNotNegative();
        assertThat(chromium.element("detail").getText()).startsWith("leased #");
        assertThat(chromium.complaints()).isEmpty();
    }

    private static void open(String section) {
        chromium.press(chromium.driver().findElement(By.xpath("//summary[.='" + section + "']")));
    }

    /** A section is filled by an event that comes after the key that opened it. */
    private static void awaitAnswers(String... words) {
        await().untilAsserted(
                        () -> assertThat(chromium.element("answers").getText()).contains(words));
    }

    /** As if what a recording says had come into the page as markup after all. */
    @Test
    void what_is_not_of_the_page_is_neither_run_nor_obeyed_nor_sent() throws Exception {
        chromium.show(known());
        assertThat(chromium.complaints()).isEmpty();
        String address = chromium.driver().getCurrentUrl();
        chromium.evaluate("""
                const add = html => document.body.appendChild(document.createRange().createContextualFragment(html));
                add('<script>window.taken = 1</script>');
                add('<img src="data:image/png," onerror="window.taken = 2">');
                add('<style>#detail { display: none }</style>');
                add('<p id="styled" style="display: none">x</p>');
                add('<base href="http://127.0.0.1:1/">');
                add('<iframe src="data:text/html,x"></iframe>');
                add('<form id="sent" action="http://127.0.0.1:1/"><input name="a" value="b"></form>');
                document.getElementById('sent').submit();
                """);
        Object evaluated = chromium.evaluateLater("""
                const done = arguments[0];
                const asked = document.createElement('script');
                asked.src = 'data:text/javascript,window.taken=3';
                asked.onerror = () => fetch('http://127.0.0.1:1/').then(() => done('sent'), () => done(String(window.taken)));
                asked.onload = () => done('loaded');
                document.body.append(asked);
                """);

        assertThat(evaluated).isEqualTo("undefined");
        assertThat(chromium.element("detail").getCssValue("display")).isEqualTo("block");
        assertThat(chromium.element("styled").getCssValue("display")).isEqualTo("block");
        assertThat(chromium.evaluate("return document.baseURI")).isEqualTo(address);
        assertThat(chromium.driver().getCurrentUrl()).isEqualTo(address);
        assertThat(String.join("\n", chromium.complaints()))
                .contains("script-src", "style-src", "base-uri", "form-action", "connect-src", "default-src");
    }

    /** The strong colours that cover much of the picture. */
    private static Set<Integer> colours() throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(chromium.picture()));
        Map<Integer, Integer> counts = new HashMap<>();
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                counts.merge(picture.getRGB(x, y) & 0xFFFFFF, 1, Integer::sum);
            }
        }
        Set<Integer> colours = new HashSet<>();
        counts.forEach((colour, count) -> {
            int red = colour >> 16;
            int green = colour >> 8 & 0xFF;
            int blue = colour & 0xFF;
            int least = Math.min(red, Math.min(green, blue));
            int most = Math.max(red, Math.max(green, blue));
            if (count > 300 && most - least > NO_RED) {
                colours.add(colour);
            }
        });
        return colours;
    }

    @Test
    void a_thread_name_that_is_markup_does_no_harm() throws Exception {
        showByThread();
        Path page = directory.resolve("page.html");
        assertThat(chromium.driver().getTitle()).isEqualTo("PerThread timeline: known.jfr");
        chromium.element("thread").sendKeys("</SCRIPT>");
        assertThat(chromium.state("lanes")).isEqualTo(1);
        chromium.element("chart").sendKeys(".");
        assertThat(chromium.element("detail").getText()).contains(Recordings.EVIL);
        assertThat(chromium.driver().findElements(By.tagName("b"))).isEmpty();
        assertThat(Files.readString(page)).doesNotContain(Recordings.EVIL);
    }

    @Test
    void needs_nothing_but_itself() throws Exception {
        String page = Files.readString(known());
        chromium.show(directory.resolve("page.html"));
        assertThat(chromium.evaluate("return performance.getEntriesByType('resource').length"))
                .isEqualTo(0L);
        assertThat(page).contains("default-src 'none'");
    }

    @Test
    void the_wheel_the_keys_and_the_buttons_zoom_and_move() throws Exception {
        chromium.show(known());
        long whole = span();
        wheelIn();
        await().until(() -> span() < whole);
        long wheeled = span();

        chromium.element("chart").sendKeys("+");
        assertThat(span()).isCloseTo(wheeled / 2, withPercentage(1));
        long from = chromium.state("from");
        chromium.element("chart").sendKeys(Keys.ARROW_LEFT);
        assertThat(chromium.state("from")).isLessThan(from);
        assertThat(span()).isCloseTo(wheeled / 2, withPercentage(1));
        chromium.press(chromium.element("out"));
        assertThat(span()).isGreaterThan(wheeled / 2);
        chromium.element("chart").sendKeys("0");
        assertThat(span()).isEqualTo(whole);
        assertThat(chromium.complaints()).isEmpty();
    }

    @Test
    void dragging_moves_what_is_shown() throws Exception {
        chromium.show(known());
        chromium.element("chart").sendKeys("++");
        long from = chromium.state("from");
        long span = span();
        actions()
                .moveToElement(chromium.element("chart"))
                .clickAndHold()
                .moveByOffset(-100, 0)
                .release()
                .perform();
        await().until(() -> chromium.state("from") > from);
        assertThat(span()).isCloseTo(span, withPercentage(1));
    }

    @Test
    void filters_by_thread_and_by_resource() throws Exception {
        showByThread();
        chromium.element("thread").sendKeys("FETCH");
        assertThat(chromium.state("lanes")).isEqualTo(1);
        assertThat(chromium.state("spans")).isEqualTo(5); // opening, two leases, idle after each
        assertThat(chromium.total("leases")).startsWith("2,");
        assertThat(chromium.total("leak")).isEqualTo("0");
        chromium.element("thread").clear();
        chromium.element("thread").sendKeys(Keys.SPACE, Keys.BACK_SPACE);
        assertThat(chromium.state("lanes")).isEqualTo(Recordings.KNOWN_LANES);

        chromium.element("resource").sendKeys("#2");
        assertThat(chromium.state("lanes")).isEqualTo(1);
        assertThat(chromium.state("spans")).isEqualTo(3); // opening, leaked lease, closing
        assertThat(chromium.state("marks")).isEqualTo(1);
        chromium.element("resource").sendKeys("9");
        assertThat(chromium.state("spans")).isZero();
        assertThat(chromium.complaints()).isEmpty();
    }

    @Test
    void a_tooltip_tells_the_times_and_where_it_was_acquired_and_a_click_shows_the_way_of_the_resource()
            throws Exception {
        showByThread();
        WebElement chart = chromium.element("chart");
        Map<?, ?> place = (Map<?, ?>) Objects.requireNonNull(chromium.evaluate("return timeline.place(1)"));
        int x = ((Number) Objects.requireNonNull(place.get("x"))).intValue();
        int y = ((Number) Objects.requireNonNull(place.get("y"))).intValue();
        int left = chart.getSize().getWidth() / 2;
        int top = chart.getSize().getHeight() / 2;
        actions().moveToElement(chart, x - left, y - top).perform();

        WebElement tip = chromium.element("tip");
        await().until(tip::isDisplayed);
        assertThat(tip.getText())
                .startsWith("leased #1  ")
                .contains("thread fetch-1", " ms to ", "UTC", "acquired at", "app.Fetch.one(Fetch.java:11)");

        actions().click().perform();
        assertThat(chromium.state("selected")).isEqualTo(1);
        assertThat(chromium.state("travel")).isGreaterThan(4);
        chart.sendKeys(Keys.ESCAPE);
        assertThat(chromium.state("travel")).isZero();
    }

    @Test
    void zooming_in_opens_the_lanes_of_one_shot_threads_and_zooming_out_folds_them() throws Exception {
        Path page = directory.resolve("demo.html");
        TimelinePage.write(Demo.read(TimelinePage.MOST_BARS), page, false);
        chromium.show(page);
        assertThat(chromium.evaluate("return timeline.state().view")).isEqualTo("resource");
        assertThat(chromium.state("marks")).isEqualTo(2);
        chromium.element("chart").sendKeys("v");
        assertThat(chromium.state("lanes")).isEqualTo(2); // of those that something went wrong with
        assertThat(chromium.state("folded")).isEqualTo(998);

        chromium.evaluate("const whole = timeline.state().to; timeline.zoomTo(whole * 0.2, whole * 0.22)");
        await().until(() -> chromium.state("opened") > 0);
        assertThat(chromium.state("opened")).isLessThanOrEqualTo(60);
        assertThat(chromium.state("lanes")).isEqualTo(2 + chromium.state("opened"));
        assertThat(chromium.state("drawn")).isPositive(); // of those that are in sight
        assertThat(String.valueOf(chromium.evaluate("return timeline.state().labels.join('|')")))
                .contains("one-shot threads here", "request-");

        chromium.element("chart").sendKeys("0");
        await().until(() -> chromium.state("opened") == 0);
        assertThat(chromium.state("lanes")).isEqualTo(2);
        assertThat(chromium.complaints()).isEmpty();
    }

    @Test
    void the_keyboard_goes_from_problem_to_problem() throws Exception {
        chromium.show(known());
        WebElement chart = chromium.element("chart");
        chart.sendKeys("++++++");
        chart.sendKeys("n");
        assertThat(chromium.element("detail").getText())
                .startsWith("opening failed")
                .contains("Connection refused");
        chart.sendKeys("nn");
        assertThat(chromium.element("detail").getText())
                .startsWith("leaked #2")
                .contains("thread leaker", "app.Leak.forget(Leak.java:7)");
        chart.sendKeys("p");
        assertThat(chromium.element("detail").getText()).startsWith("waited in vain");
    }

    @Test
    void leases_of_tens_of_thousands_of_threads_open_and_zoom_smoothly() throws Exception {
        Path recording = directory.resolve("many.jfr");
        Recordings.crowd(recording, LEASES, THREADS);
        long recorded =
                Recordings.count(recording, "dev.perthread.Lease"); // Flight Recorder drops some on a busy machine
        assertThat(recorded).isBetween(LEASES / 2L, (long) LEASES);
        long waits = Recordings.count(recording, "dev.perthread.Wait");
        long begun = System.nanoTime();
        Path page = directory.resolve("many.html"); // not by the command: its process is given a minute, on any machine
        TimelinePage.write(TimelineReader.read(recording, TimelinePage.MOST_BARS), page, false);
        long written = System.nanoTime() - begun;
        assertThat(Files.size(page)).isLessThan(LARGEST_PAGE);
        chromium.show(page);
        assertThat(chromium.total("leases")).startsWith(String.format("%,d,", recorded));
        assertThat(chromium.total("waits")).startsWith(String.format("%,d,", waits));
        assertThat(chromium.total("threads")).isEqualTo(String.format("%,d", THREADS));
        assertThat(chromium.state("spans")).isLessThanOrEqualTo(TimelinePage.MOST_BARS);
        assertThat(chromium.state("lanes")).isEqualTo(16);
        assertThat(chromium.element("hint").getText()).contains("bars of less than");
        System.out.printf("page written in %d ms%n", written / 1_000_000);
        zoom(page);
        chromium.element("chart").sendKeys("v");
        assertThat(chromium.state("lanes")).isLessThan(1000); // and the others in one band
        assertThat(chromium.state("folded")).isPositive();
        zoom(page);
        assertThat(chromium.complaints()).isEmpty();
    }

    private static void zoom(Path page) throws IOException {
        // In to 1/1000 and out again, a step a frame, and how long each frame took.
        List<?> frames = (List<?>) Objects.requireNonNull(chromium.evaluateLater("""
                const done = arguments[0], times = [], whole = timeline.state().to;
                let step = 0, last = performance.now();
                function frame() {
                  const now = performance.now();
                  times.push(now - last);
                  last = now;
                  const part = Math.pow(10, -3 * (1 - Math.abs(step - 60) / 60));
                  timeline.zoomTo(whole * (0.5 - part / 2), whole * (0.5 + part / 2));
                  step++ < 120 ? requestAnimationFrame(frame) : done(times);
                }
                requestAnimationFrame(frame);
                """));
        List<Double> millis =
                frames.stream().map(it -> ((Number) it).doubleValue()).sorted().toList();
        double median = millis.get(millis.size() / 2);
        double late = millis.get(millis.size() * 95 / 100);
        System.out.printf(
                "%d bars, page of %.1f MB, opened in %s ms; frames: median %.0f ms, 95%% within %.0f ms, longest"
                        + " %.0f ms%n",
                chromium.state("spans"),
                Files.size(page) / 1e6,
                chromium.evaluate("return Math.round(performance.getEntriesByType('navigation')[0].loadEventEnd)"),
                median,
                late,
                millis.get(millis.size() - 1));
        // Told and not judged: a busy machine is slow at everything. That each step was drawn is what can be asked.
        assertThat(millis).hasSizeGreaterThan(100);
    }
}
