package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.ThreadKind;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import memory.Scene;
import memory.Weaver;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each allocation of the library fails once, alone and with all that follow, in whichever thread it comes: no place, no
 * resource, no waiter and no callback is lost, nothing is closed twice, and the reaper goes on.
 *
 * <p>Only when asked for, as it takes many minutes: with {@code -Dtest.jvm.args=-Dperthread.memory=all}, or with a regular
 * expression in place of {@code all}, for the scenes whose name it matches. See "Out of memory" in
 * docs/internals/concurrency.md.
 */
@EnabledIfSystemProperty(named = "perthread.memory", matches = ".+")
class MemoryRunsOutTest {
    private static final String WANTED = System.getProperty("perthread.memory", "all");

    // Held on to: otherwise the level is collected with the logger. How much of a leak gets logged is not at stake.
    private static final Logger LOGGER = Logger.getLogger("dev.perthread");

    @BeforeAll
    static void silence() {
        LOGGER.setLevel(Level.OFF);
    }

    @AfterAll
    static void speakAgain() {
        LOGGER.setLevel(null);
    }

    static Stream<Arguments> scenes() throws Exception {
        Class<?> model = new Weaver("MemoryModel").loadClass("dev.perthread.MemoryModel");
        @SuppressWarnings("unchecked") // says so itself; but it is of another class loader
        Stream<Scene> scenes = (Stream<Scene>) model.getMethod("scenes").invoke(null);
        return scenes.filter(scene -> WANTED.equals("all") || scene.toString().matches(WANTED))
                .flatMap(scene -> ThreadKind.available()
                        .flatMap(kind -> scene.cast().map(who -> Arguments.of(scene, kind, who))));
    }

    @Test
    @Timeout(300)
    void alsoWhileFlightRecorderRecordsIt() throws Exception {
        try (Recorded recorded = Recorded.everything()) {
            List<Arguments> played = scenes().filter(
                            some -> some.get()[0].toString().startsWith("LEND") && some.get()[2] == Scene.Who.ANYBODY)
                    .toList();
            if (WANTED.equals("all")) {
                assertThat(played).isNotEmpty();
            }
            for (Arguments some : played) {
                atAnyOneAllocationNothingIsLost((Scene) some.get()[0], (ThreadKind) some.get()[1], Scene.Who.ANYBODY);
            }
            if (!played.isEmpty()) {
                assertThat(recorded.stop()).extracting(Recorded.Entry::name).contains("Open", "Lease", "Close");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("scenes")
    @Timeout(300)
    void atAnyOneAllocationNothingIsLost(Scene scene, ThreadKind kind, Scene.Who who) throws Exception {
        List<Integer> points = new ArrayList<>();
        for (boolean lasts : new boolean[] {false, true}) {
            int nth = 1;
            while (play(scene, kind, who, nth, lasts)) {
                nth++;
            }
            points.add(nth - 1);
        }
        System.out.println("memory: " + scene + ", " + kind + ", " + who + ": " + points);
        assertThat(points).as("or the scene shows nothing").allMatch(count -> count > 0);
    }

    private static boolean play(Scene scene, ThreadKind kind, Scene.Who who, int nth, boolean lasts) {
        try {
            return scene.play(kind, who, nth, lasts);
        } catch (Throwable failure) {
            throw new AssertionError(
                    scene + ", " + kind + ", without memory: " + who + ", allocation " + nth
                            + (lasts ? " and all that follow" : ""),
                    failure);
        }
    }
}
