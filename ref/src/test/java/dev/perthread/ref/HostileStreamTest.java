package dev.perthread.ref;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Probe;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** References from streams that no reference wrote, and from streams with a filter. */
class HostileStreamTest {
    private static final AtomicInteger READ = new AtomicInteger();
    private static final String LIBRARY = "dev.perthread.ref.Ref;dev.perthread.ref.PerThreadRef;"
            + "dev.perthread.ref.PoolConfig;dev.perthread.ref.PoolOption;java.base/*;";

    @BeforeEach
    void nothingRead() {
        READ.set(0);
    }

    @AfterEach
    void forgetAll() {
        ReferenceRegistry.closeAll(Duration.ZERO);
    }

    /** Stands for the object whose reading does the harm. */
    static final class Gadget implements SerializableOpener<Probe, IOException>, InvocationHandler {
        private static final long serialVersionUID = 1;

        @Override
        public Probe open() {
            return new Probe();
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) {
            return "";
        }

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            READ.incrementAndGet();
        }
    }

    private static PerThreadRef<Probe, IOException> ref() {
        return PerThreadRef.of("hostile", new Gadget());
    }

    private static <R extends Ref<?>> R with(R ref, String field, Object value) throws Exception {
        Field declared = Ref.class.getDeclaredField(field);
        declared.setAccessible(true);
        declared.set(ref, value);
        return ref;
    }

    private static PoolConfig<Probe, IOException> config(String field, Object value) throws Exception {
        PoolConfig<Probe, IOException> config = new PoolConfig<>(new Gadget());
        Field declared = PoolConfig.class.getDeclaredField(field);
        declared.setAccessible(true);
        declared.set(config, value);
        return config;
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " ", "a\nb", "a\u001b[31mb", "a\u202eb", "a\u2028b"})
    void badIdMustBeRefusedWhenItIsReadOrUsedWithoutReadObject(String id) throws Exception {
        PerThreadRef<Probe, IOException> bad = with(ref(), "id", id);
        assertThatThrownBy(() -> Serialized.copyOf(bad))
                .isInstanceOf(InvalidObjectException.class)
                .hasMessageStartingWith("id must ")
                .hasMessageNotContainingAny("\n", "\u001b", "\u202e", "\u2028");
        Field loader = Ref.class.getDeclaredField("contextLoader");
        loader.setAccessible(true);
        loader.set(bad, null); // as Kryo leaves it, which calls no readObject
        assertThatThrownBy(bad::get)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("damaged reference: id must ");
        assertThat(bad.toString()).doesNotContain("\n", "\u001b");
    }

    @Test
    void longIdMustBeRefusedAndItsMessageMustBeShort() throws Exception {
        assertThatThrownBy(() -> Serialized.copyOf(with(ref(), "id", "x".repeat(1 << 20))))
                .isInstanceOf(InvalidObjectException.class)
                .hasMessageContaining("(1048576 characters)")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400));
        assertThatThrownBy(() -> PerThreadRef.of("x".repeat(201), new Gadget()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(PerThreadRef.of("x".repeat(200), new Gadget()).get().name()).hasSize(200);
    }

    @Test
    void missingConfigurationMustBeRefusedWhenItIsRead() {
        assertThatThrownBy(() -> Serialized.copyOf(with(ref(), "config", null)))
                .isInstanceOf(InvalidObjectException.class)
                .hasMessage("the configuration must not be null");
    }

    static List<Object> roots() {
        Object proxy =
                Proxy.newProxyInstance(Gadget.class.getClassLoader(), new Class<?>[] {Runnable.class}, new Gadget());
        return Arrays.asList(
                new Gadget(),
                proxy,
                new ArrayList<>(List.of(new Gadget())),
                new Gadget[] {new Gadget()},
                Map.of("key", new Gadget()),
                PoolOption.LIMIT,
                PoolConfig.class,
                "a string");
    }

    @ParameterizedTest
    @MethodSource("roots")
    @NullSource
    void configurationOfAnotherTypeMustBeRefusedBeforeAnyOfItIsRead(Object root) throws Exception {
        PerThreadRef<Probe, IOException> hostile = Serialized.copyOf(with(ref(), "config", Serialized.bytesOf(root)));
        assertThatThrownBy(hostile::get)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("reference \"hostile\" cannot be used here: java.io.Invalid")
                .hasMessageContaining("the configuration must be a dev.perthread.ref.PoolConfig");
        assertThat(READ).hasValue(0);
    }

    @Test
    void configurationThatIsNoStreamMustBeRefusedWhenItIsUsed() throws Exception {
        for (byte[] bytes : List.of(new byte[0], new byte[100], "\u00ac\u00ed".getBytes(StandardCharsets.ISO_8859_1))) {
            PerThreadRef<Probe, IOException> hostile = Serialized.copyOf(with(ref(), "config", bytes));
            assertThatThrownBy(hostile::get)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("reference \"hostile\" cannot be used here: ");
        }
        LazyConnectionRef connections = LazyConnectionRef.to("hostile", "tcp://localhost:1");
        LazyConnectionRef garbled = Serialized.copyOf(with(connections, "config", new byte[] {1, 27, -1, 10}));
        assertThatThrownBy(garbled::get)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("reference \"hostile\" cannot be used here: ")
                .hasMessageNotContainingAny("\u001b", "\n");
    }

    @Test
    void badValuesOfAConfigurationMustBeRefusedWhenItIsUsed() throws Exception {
        PoolConfig<Probe, IOException> negative = new PoolConfig<>(new Gadget());
        negative.set(PoolOption.LIMIT, -1);
        PoolConfig<Probe, IOException> mistyped = new PoolConfig<>(new Gadget());
        mistyped.set(PoolOption.LIMIT, Duration.ZERO);
        PoolConfig<Probe, IOException> single = new PoolConfig<>(new Gadget());
        single.set(PoolOption.OPEN_BACKOFF, List.of(Duration.ZERO));
        PoolConfig<Probe, IOException> words = new PoolConfig<>(new Gadget());
        words.set(PoolOption.OPEN_BACKOFF, List.of("a", "b"));
        for (PoolConfig<?, ?> bad :
                List.of(negative, mistyped, single, words, config("opener", null), config("given", null))) {
            PerThreadRef<Probe, IOException> hostile =
                    Serialized.copyOf(with(ref(), "config", Serialized.bytesOf(bad)));
            assertThatThrownBy(hostile::get)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("reference \"hostile\" cannot be used here: ");
        }
        assertThat(ReferenceRegistry.pools()).isEmpty();
    }

    @Test
    void classNameInAStreamMustBeEscapedInTheMessage() throws Exception {
        String sent = new String(Serialized.bytesOf(new JobClassLoader().ref()), StandardCharsets.ISO_8859_1);
        PerThreadRef<Probe, IOException> hostile =
                Serialized.read(sent.replace("Making", "\n\u001b[31m").getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(hostile::get)
                .hasMessageContaining("\\u000a\\u001b[31m")
                .hasMessageNotContainingAny("\n", "\u001b")
                .hasNoCause();
    }

    /** Read from a stream with a filter. */
    @SuppressWarnings({"unchecked", "BanSerializableRead", "TypeParameterUnusedInFormals"})
    private static <V> V filtered(String pattern, Object object) throws Exception {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(Serialized.bytesOf(object)))) {
            in.setObjectInputFilter(ObjectInputFilter.Config.createFilter(pattern));
            return (V) in.readObject();
        }
    }

    @Test
    void filterOfTheStreamMustApplyToTheConfigurationToo() throws Exception {
        PerThreadRef<Probe, IOException> refused = filtered(LIBRARY + "!*", ref());
        assertThatThrownBy(refused::get)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("filter status: REJECTED")
                .hasMessageEndingWith("must admit its classes");
        assertThat(READ).hasValue(0);
        PerThreadRef<Probe, IOException> admitted = filtered(LIBRARY + Gadget.class.getName() + ";!*", ref());
        assertThat(admitted.get().name()).isEqualTo("hostile");
        assertThat(READ).hasValue(1);
        assertThatThrownBy(() -> filtered("!dev.perthread.ref.*", ref())).isInstanceOf(IOException.class);
    }

    /** Captures another reference. */
    record Capturing(PerThreadRef<Probe, IOException> inner) implements SerializableOpener<Probe, IOException> {
        @Override
        public Probe open() throws IOException {
            return inner.call(probe -> new Probe());
        }
    }

    @Test
    void filterOfTheStreamMustApplyToReferencesInTheConfigurationToo() throws Exception {
        PerThreadRef<Probe, IOException> outer =
                filtered(LIBRARY + Capturing.class.getName() + ";!*", PerThreadRef.of("outer", new Capturing(ref())));
        assertThatThrownBy(outer::acquire).hasMessageContaining("reference \"hostile\" cannot be used here: ");
        assertThat(READ).hasValue(0);
    }

    @Test
    void refusalOfTwoConfigurationsMustHonourTheFilterToo() throws Exception {
        PerThreadRef.of("hostile", Probe::new).get();
        PerThreadRef<Probe, IOException> refused = filtered(LIBRARY + "!*", ref());
        assertThatThrownBy(refused::get)
                .hasMessageContaining("this reference has one that cannot be read here: ")
                .hasMessageContaining("two configurations under one id");
        assertThat(READ).hasValue(0);
    }

    /** The main class of a Java virtual machine with a filter of its own. */
    public static final class Filtered {
        private Filtered() {}

        /** Exits with 0 if the opener's class was refused and not read. */
        public static void main(String[] arguments) throws Exception {
            PerThreadRef<Probe, IOException> ref = Serialized.copyOf(ref());
            try {
                ref.get();
                System.exit(1);
            } catch (IllegalStateException e) {
                boolean refused = e.getMessage().contains("filter status: REJECTED");
                System.exit(refused && READ.get() == 0 ? 0 : 2);
            }
        }
    }

    @Test
    void filterOfTheJavaVirtualMachineMustApplyToTheConfigurationToo() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djdk.serialFilter=" + LIBRARY + "!*",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Filtered.class.getName())
                .inheritIO()
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    /** A secret that is captured. */
    record Login(String password) implements SerializableOpener<Probe, IOException>, Serializable {
        @Override
        public Probe open() {
            return new Probe();
        }
    }

    @Test
    void refusalOfTwoConfigurationsMustShowNoDigestThatAnotherProcessCanCompute() throws Exception {
        String string = "tcp://localhost:1?proxy=http://me:hush@localhost:2";
        LazyConnectionRef.to("secret", string).get();
        assertThatThrownBy(LazyConnectionRef.to("secret", string + "&limit=1")::get)
                .satisfies(e ->
                        assertThat(e.getMessage()).doesNotContain(sha256(string.getBytes(StandardCharsets.UTF_8))));
        PerThreadRef<Probe, IOException> captured = PerThreadRef.of("captured", new Login("hush"));
        captured.get();
        assertThatThrownBy(PerThreadRef.of("captured", new Login("swordfish"))::get)
                .hasMessageNotContainingAny("hush", "swordfish")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain(sha256(captured.config())));
        assertThat(new String(Serialized.bytesOf(LazyConnectionRef.to("secret", string)), StandardCharsets.ISO_8859_1))
                .doesNotContain(sha256(string.getBytes(StandardCharsets.UTF_8)));
    }

    private static String sha256(byte[] bytes) throws Exception {
        byte[] hash = java.security.MessageDigest.getInstance("SHA-256").digest(bytes);
        return java.util.HexFormat.of().formatHex(hash, 0, 4);
    }

    @Test
    void fingerprintsMustDifferWhereConfigurationsDoAndAgreeWhereTheyAgree() {
        byte[] one = {1, 2, 3};
        assertThat(Messages.fingerprint(one))
                .isEqualTo(Messages.fingerprint(one.clone()))
                .matches("[0-9a-f]{8}");
        assertThat(Messages.fingerprint(one)).isNotEqualTo(Messages.fingerprint(new byte[] {1, 2, 4}));
    }
}
