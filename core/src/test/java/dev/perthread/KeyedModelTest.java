package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import model.Explorer;
import model.Setting;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * As {@link LifecycleModelTest}, for a pool with two keys: a limit of one for each, and of one or two for both, room that
 * is made for another key, entries that come and go. Two users here, one per key.
 * {@code -Dtest.jvm.args=-Dperthread.model=full} has three users everywhere, two of them with the same key,
 * and a further thread that evicts or closes the pool; {@code =LEND} the same for one policy.
 */
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "the actors are the JDK's continuations, which came with 21")
class KeyedModelTest {
    private static final String FORM = System.getProperty("perthread.model", "");
    private static final boolean SHORT = FORM.isEmpty() && !Boolean.getBoolean("perthread.campaign");

    static Stream<Setting> settings() {
        boolean one = !FORM.isEmpty() && !FORM.equals("full");
        return (one ? Stream.of(IdlePolicy.valueOf(FORM)) : Stream.of(IdlePolicy.values()))
                .flatMap(idle ->
                        Stream.of(KeyedModel.Danger.values()).flatMap(danger -> settings(idle.name(), danger.name())));
    }

    private static Stream<Setting> settings(String whenIdle, String danger) {
        Stream<Setting> few =
                Stream.of(new Setting(whenIdle, danger, 1, 2, 1, false), new Setting(whenIdle, danger, 1, 2, 1, true));
        // With CLOSE there is no store that is not fenced: the same states with late ones.
        if (SHORT && (danger.equals("VANISHING_KEY") || whenIdle.equals(IdlePolicy.CLOSE.name()))) {
            few = few.limit(1);
        }
        if (FORM.isEmpty()) {
            boolean quick = !danger.equals("EVICTION") && !danger.equals("CLOSE_AT_ONCE");
            return quick ? few : Stream.empty();
        }
        return Stream.concat(
                few,
                Stream.of(
                        new Setting(whenIdle, danger, 1, 2, 2, false),
                        new Setting(whenIdle, danger, 1, 3, 1, false),
                        new Setting(whenIdle, danger, 2, 3, 1, false),
                        new Setting(whenIdle, danger, 1, 3, 1, true)));
    }

    @ParameterizedTest
    @MethodSource("settings")
    @Timeout(3_600)
    void everyPromiseHoldsForTwoKeysUnderEveryInterleaving(Setting setting) {
        long begin = System.nanoTime();
        Explorer.Result result = Explorer.explore("dev.perthread.KeyedModel", setting);
        assertThat(result.steps()).isGreaterThan(10);
        System.out.printf(
                "model with two keys: %s: %,d states, %,d runs, %,d steps, %,d deep, %.1f s%n",
                setting,
                result.states(),
                result.runs(),
                result.steps(),
                result.deepest(),
                (System.nanoTime() - begin) / 1e9);
    }
}
