package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import dev.perthread.cli.timeline.Timeline.Lane;
import dev.perthread.cli.timeline.Timeline.Pool;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pool with keys in a timeline: a section for each key, and lanes of threads that stay low however many keys they use. */
class TimelineKeysTest {
    private static final long POOL = 1;
    private static final long USER = 12;
    private static final int KEYS = 100;

    @TempDir
    Path directory;

    private static long ms(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** One thread asks a hundred hosts in turn, and then the first again, whose entry had gone. */
    private static Timeline hundredHosts() {
        TimelineBuilder builder = new TimelineBuilder();
        builder.namePool(POOL, "web");
        builder.nameThread(USER, "user");
        builder.limit(POOL, 64);
        for (int n = 0; n <= KEYS; n++) {
            long host = builder.ofKey(POOL, "host" + n % KEYS);
            builder.limit(host, 4);
            builder.opened(host, n + 1, USER, ms(10L * n), ms(10L * n + 2), "opened at\napp.Main");
            builder.leased(host, n + 1, USER, ms(10L * n + 2), ms(10L * n + 8), "", "");
            builder.closed(host, n + 1, USER, ms(10L * n + 8), ms(10L * n + 9), "SCOPE_END", null);
        }
        builder.waited(builder.ofKey(POOL, "host7"), USER, ms(1_020), ms(1_030), false, "");
        return builder.build("test", Integer.MAX_VALUE);
    }

    @Test
    void keyedPool_mustHaveASectionPerKey_alsoWhenAKeyComesBack() {
        Timeline timeline = hundredHosts();

        assertThat(timeline.pools()).hasSize(KEYS + 1);
        assertThat(timeline.pools().get(0)).isEqualTo(new Pool("web", POOL, 64));
        assertThat(timeline.pools().get(1)).isEqualTo(new Pool("web[host0]", POOL, 4));
        assertThat(timeline.resources())
                .filteredOn(resource -> resource.pool() == 1)
                .extracting(timeline::name)
                .containsExactly("web[host0] #1", "web[host0] #101");
    }

    @Test
    void keysOfOnePool_mustReuseTheirPlaces_whereTheyHaveVeryManyResourcesTogether() {
        assertThat(hundredHosts().spans())
                .filteredOn(span -> span.pool() == 1)
                .extracting(Timeline.Span::place)
                .containsOnly(0);
    }

    @Test
    void threadThatUsesAHundredKeys_mustHaveOneRow() {
        Timeline timeline = hundredHosts();

        assertThat(timeline.lanes()).extracting(Lane::rowPools).containsExactly(List.of(0));
        List<String> text = TimelineText.lines(timeline, TimelineText.By.THREAD, 80);
        assertThat(text).filteredOn(line -> line.startsWith("user ")).hasSize(1);
        assertThat(text).anyMatch(line -> line.endsWith("user  waited in vain  web[host7]"));
    }

    @Test
    void figures_mustBeThoseOfAllKeys() {
        Answers answers = hundredHosts().answers();

        assertThat(answers.closings()).containsExactly(new Answers.Closed(0, "SCOPE_END", KEYS + 1));
        assertThat(answers.sites())
                .filteredOn(site -> site.what() == Answers.What.OPENING)
                .singleElement()
                .extracting(Answers.Site::count)
                .isEqualTo(KEYS + 1);
    }

    @Test
    void recordingOfAProgramWithKeys_mustShowThem_asTextAndAsAPage() throws Exception {
        Path file = directory.resolve("keys.jfr");
        String path = Path.of("target", "test-classes").toAbsolutePath() + File.pathSeparator
                + Cli.JAR.resolveSibling("lib").toAbsolutePath() + "/*";
        Cli.Result program = Cli.runAny(
                List.of(
                        Cli.JAVA.toString(),
                        "-XX:StartFlightRecording:filename=" + file,
                        "-cp",
                        path,
                        "dev.perthread.cli.top.KeyedProgram",
                        "once"),
                directory);
        assertThat(program.status()).as(program.err()).isZero();

        Cli.Result text = Cli.run("timeline", file.toString(), "--text", "--by", "resource");
        assertThat(text.status()).as(text.err()).isZero();
        assertThat(text.lines()).contains("hosts[db1:5432]", "hosts[db2:5432]");
        Path page = directory.resolve("keys.html");
        assertThat(Cli.run("timeline", file.toString(), "-o", page.toString()).status())
                .isZero();
        assertThat(page).content().contains("hosts[db1:5432]", "hosts[db2:5432]");
    }
}
