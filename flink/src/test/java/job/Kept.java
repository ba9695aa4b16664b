package job;

import dev.perthread.IdlePolicy;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import java.io.IOException;

/** Where the opener is written: its class goes with the job's. */
public final class Kept {
    private Kept() {}

    public static PerThreadRef<CountedClient, IOException> client(int port, String id, String word) {
        return PerThreadRef.<CountedClient, IOException>builder(id, () -> new CountedClient(port, word))
                .whenIdle(IdlePolicy.KEEP)
                .build();
    }
}
