package example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.IdlePolicy;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import dev.perthread.testkit.CountingServer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What the javadoc shows. */
class RefTest {
    @Test
    void ref() throws Exception {
        try (CountingServer server = CountingServer.start()) {
            int port = server.port();
            // @start region="ref"
            PerThreadRef<CountedClient, IOException> ref = PerThreadRef.<CountedClient, IOException>builder(
                            "shop", () -> new CountedClient(port, "shop")) // captures a number and no object
                    .whenIdle(IdlePolicy.KEEP)
                    .build();
            // wherever it arrives, in any thread:
            String answer = ref.call(client -> client.ask("how are you?"));
            // @end
            assertThat(answer).isEqualTo("how are you?");
            ref.close();
            assertThat(server.visits("shop")).hasSize(1).allMatch(CountingServer.Visit::polite);
        }
    }
}
