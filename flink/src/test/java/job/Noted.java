package job;

import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import java.io.IOException;
import lib.Loaders;
import org.apache.flink.api.common.functions.OpenContext;

/** Has its class loader, and what Flink has put around that, remembered. */
public class Noted extends Counting {
    private static final long serialVersionUID = 1;

    private final String word;

    public Noted(PerThreadRef<CountedClient, IOException> ref) {
        super(ref);
        this.word = ref.id();
    }

    @Override
    public void open(OpenContext context) {
        super.open(context);
        Loaders.note(word, getClass().getClassLoader());
        Loaders.note(word, getRuntimeContext().getUserCodeClassLoader());
    }
}
