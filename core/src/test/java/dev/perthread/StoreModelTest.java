// The real store and its table under every interleaving of a few threads whose hashes collide.
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

/** Each thread finds its own value and no other, and each value is called back once. See LifecycleModelTest. */
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "the actors are the JDK's continuations, which came with 21")
class StoreModelTest {
    static Stream<Setting> settings() {
        return Stream.of(StoreModel.Danger.values())
                .flatMap(danger -> (danger == StoreModel.Danger.NONE ? Stream.of(0, 3) : Stream.of(0))
                        .map(before -> new Setting("", danger.name(), before, 2, 1, false)));
    }

    @ParameterizedTest
    @MethodSource("settings")
    @Timeout(600)
    void eachFindsItsOwnAndEachValueIsCalledBackOnce(Setting setting) {
        Explorer.Result result = Explorer.explore("dev.perthread.StoreModel", setting);
        assertThat(result.states()).isGreaterThan(100);
        System.out.printf("store model: %s: %s%n", setting, result);
    }
}
