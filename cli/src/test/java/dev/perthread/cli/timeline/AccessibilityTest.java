package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.perthread.testkit.NothingLeftBehind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What axe-core finds wrong with the page for people with a disability: nothing, in both views, light and dark. */
@Tag(NothingLeftBehind.TOOLS_STAY)
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "a page is the same on every Java: see TimelineTest")
class AccessibilityTest {
    private static final String OPEN_ALL = "document.querySelectorAll('details').forEach(it => { it.open = true; })";

    /** A section is filled by an event that comes after its opening. */
    private static final String UNFILLED =
            "return document.querySelectorAll('#answers .panel:empty, #histogram:empty').length";

    private static Chromium chromium;
    private static String axe;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() throws IOException {
        chromium = Chromium.start();
        try (InputStream in = AccessibilityTest.class.getResourceAsStream("/axe.min.js")) {
            axe = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @AfterAll
    static void end() {
        if (chromium != null) {
            chromium.close();
        }
    }

    private static void assertNothingFound() {
        // By the driver, which the page's policy does not bind.
        chromium.evaluate(axe);
        Object found = chromium.evaluateLater("""
                const done = arguments[0];
                axe.run(document).then(result => done([result.passes.length, ...result.violations.map(it =>
                  it.id + ': ' + it.nodes.map(node => node.target + ' ' + node.failureSummary).join('; '))]));
                """);
        List<?> list = (List<?>) Objects.requireNonNull(found);
        assertThat(((Number) Objects.requireNonNull(list.get(0))).intValue()).isGreaterThan(15); // it has looked
        assertThat(list.subList(1, list.size())).isEmpty();
    }

    /** Each scheme with both views, and the second view with all that can be opened. */
    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void page_mustHaveNoViolation(String scheme) throws Exception {
        Path page = directory.resolve("demo.html");
        TimelinePage.write(Demo.read(TimelinePage.MOST_BARS), page, false);
        chromium.prefer(scheme);
        chromium.show(page);
        assertThat(chromium.evaluate("return matchMedia('(prefers-color-scheme: dark)').matches"))
                .isEqualTo(scheme.equals("dark"));
        show("resource");
        assertNothingFound();

        show("thread");
        chromium.evaluate(OPEN_ALL);
        await().until(() -> Objects.equals(chromium.evaluate(UNFILLED), 0L));
        chromium.evaluate(OPEN_ALL); // what has come with their content, too
        chromium.element("chart").sendKeys("n");
        assertThat(chromium.element("detail").getText()).isNotEmpty();
        assertNothingFound();
    }

    private static void show(String view) {
        chromium.press(chromium.element("by-" + view));
        assertThat(chromium.evaluate("return timeline.state().view")).isEqualTo(view);
    }
}
