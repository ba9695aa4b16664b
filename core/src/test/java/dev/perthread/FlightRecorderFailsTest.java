package dev.perthread;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.ThreadKind;
import java.lang.reflect.InvocationTargetException;
import java.util.stream.Stream;
import memory.Memory;
import model.CopyLoader;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Without memory for Flight Recorder's sake, also while its classes are initialized, an event is missing and nothing else. */
class FlightRecorderFailsTest {

    /** Where one method begins, memory runs out. */
    private static final class Failing extends CopyLoader {
        private final String type;
        private final String method;

        Failing(String type, String method) {
            super(0);
            this.type = type;
            this.method = method;
        }

        @Override
        protected ClassVisitor change(ClassWriter writer, String name) {
            return !name.equals(type)
                    ? writer
                    : new ClassVisitor(Opcodes.ASM9, writer) {
                        @Override
                        public MethodVisitor visitMethod(
                                int access, String called, String descriptor, String signature, String[] exceptions) {
                            MethodVisitor next = super.visitMethod(access, called, descriptor, signature, exceptions);
                            return called.equals(method) ? failing(next) : next;
                        }
                    };
        }

        private MethodVisitor failing(MethodVisitor next) {
            return new MethodVisitor(Opcodes.ASM9, next) {
                @Override
                public void visitCode() {
                    super.visitCode();
                    super.visitLdcInsn(type + "." + method);
                    super.visitMethodInsn(
                            Opcodes.INVOKESTATIC, "memory/Memory", "take", "(Ljava/lang/String;)V", false);
                }
            };
        }
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                        Arguments.of("JfrEvents$Lease", "<clinit>"),
                        Arguments.of("JfrWriter", "prepare"),
                        Arguments.of("JfrWriter", "recordsLeases"),
                        Arguments.of("JfrWriter", "closing"),
                        Arguments.of("JfrWriter", "closed"),
                        Arguments.of("JfrWriter", "hang"),
                        Arguments.of("JfrWriter", "takeOff"))
                .flatMap(method -> Stream.of(false, true)
                        .flatMap(always -> ThreadKind.available()
                                .map(kind -> Arguments.of(method.get()[0], method.get()[1], always, kind))));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void everyScopeAndTheReaperGoOn(String type, String method, boolean always, ThreadKind kind) throws Exception {
        Class<?> model = new Failing(type, method).loadClass("dev.perthread.RecordedModel");
        LogLines.expect("ended without closing its lease");
        try (Recorded recorded = Recorded.everything()) {
            Memory.runsOut(1, always, null);
            model.getMethod("scopes", ThreadKind.class).invoke(null, kind);
            Actor.until(Memory::ranOut); // at the end of the reaper, which is through with its work before
        } catch (InvocationTargetException failure) { // JUnit takes the error itself for its own, and ends
            throw new AssertionError("without memory in " + type + "." + method, failure.getCause());
        } finally {
            Memory.enough();
        }
    }
}
