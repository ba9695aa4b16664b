package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

class PendingConnectsTest {
    /** Another thread that closes it while its own registers a channel meets a race in the JDK and leaks descriptors. */
    @Test
    void aSelector_mustBeWokenAndLeftToItsOwnThread_whenItsConnectorIsClosed() throws Exception {
        PendingConnects pending = new PendingConnects("pool", "host:1");
        try (Selector selector = Selector.open()) {
            pending.add(selector);
            pending.close();
            assertThat(selector.isOpen()).isTrue();
            assertThat(selector.select()).isZero(); // would wait for ever if it had not been woken
            assertThatThrownBy(() -> pending.refuseIfClosed(null))
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage("pool is closed: no connection to host:1 is opened");
        }
    }

    @Test
    void aChannel_mustBeClosed_whenItsConnectorIsClosed() throws Exception {
        PendingConnects pending = new PendingConnects("pool", "host:1");
        try (SocketChannel channel = SocketChannel.open()) {
            pending.add(channel);
            pending.close();
            assertThat(channel.isOpen()).isFalse();
        }
    }
}
