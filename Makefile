# make demo     a short 3D film, made and measured in a few minutes; INPUT=path converts that file
# make test     what CI runs: style and tests
# make model-card   the tables of MODEL_CARD.md from the weights; PAIRS= SYNTHETIC= CLIPS= PICTURES=
# make bench    speed of the selection layer, the conversion, the data
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo test slow-test lint bench films default-model model-card clean

$(BIN)/deep3d-convert: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	touch $@

ifdef INPUT
demo: $(BIN)/deep3d-convert
	mkdir -p $(DEMO)
	$(BIN)/python convert_video.py "$(INPUT)" --output=$(DEMO) --overwrite
else
demo: $(BIN)/deep3d-convert
	mkdir -p $(DEMO)
	$(BIN)/python -m data_pipeline.synthetic --output=$(DEMO)/film.mp4 --truth=$(DEMO)/truth \
		--layout=mono --seed=7 --seconds=5 --shot_seconds=2 --bars=none --title_seconds=0
	$(BIN)/python convert_video.py $(DEMO)/film.mp4 --output=$(DEMO)/film.3D.HSBS_LR.mp4 --overwrite
	$(BIN)/python benchmarks/compare_with_truth.py --video=$(DEMO)/film.3D.HSBS_LR.mp4 \
		--truth=$(DEMO)/truth
endif

test: lint
	$(BIN)/python -m pytest

slow-test: $(BIN)/deep3d-convert
	$(BIN)/python -m pytest -m slow

lint: $(BIN)/deep3d-convert
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

bench: $(BIN)/deep3d-convert
	$(BIN)/python benchmarks/bench_selection.py
	$(BIN)/python benchmarks/bench_conversion.py
	$(BIN)/python benchmarks/bench_synthetic.py

# The films, the data set and the training of the shipped default model: hours on two cores.
FILMS ?= 42
DATA := runs/data
films: $(BIN)/deep3d-convert
	mkdir -p $(DATA)/films
	for n in $$(seq 0 $$(($(FILMS) - 1))); do \
		test -f $(DATA)/films/synthetic$$n.mp4 || $(BIN)/python -m data_pipeline.synthetic \
			--output=$(DATA)/films/synthetic$$n.mp4 --seed=$$((1000 + n)) --seconds=50 \
			--frame_rate=2 --shot_seconds=2.5 --layout=full_sbs --width=432 \
			--height=$$((180 + 32 * (n % 3))) --noaudio --title_seconds=0.5 || exit 1; \
	done

default-model: films
	test -d $(DATA)/shards || $(BIN)/python -m data_pipeline.ingest --movies=$(DATA)/films \
		--layout=full_sbs --every_s=0.5 --output=$(DATA)/shards
	$(BIN)/python train.py --config=default --data=$(DATA)/shards --workdir=runs/default
	$(BIN)/python eval.py --model=runs/default/model.h5 --data=$(DATA)/shards \
		--output=runs/default/eval
	$(BIN)/python -c "from deep3d import checkpoint as c; c.save_model( \
		'runs/default/default.h5', *c.load_model('runs/default/model.h5'), half=True)"

# Tables and pictures of the model card; those whose input is not given stay as they are.
MODEL ?= default
model-card: $(BIN)/deep3d-convert
	$(BIN)/python benchmarks/model_card.py --model="$(MODEL)" --rendering \
		$(if $(PAIRS),--pairs="$(PAIRS)") $(if $(SYNTHETIC),--synthetic="$(SYNTHETIC)") \
		$(if $(CLIPS),--clips="$(CLIPS)") $(if $(PICTURES),--pictures="$(PICTURES)")

clean:
	rm -rf $(DEMO) build *.egg-info .pytest_cache .ruff_cache
